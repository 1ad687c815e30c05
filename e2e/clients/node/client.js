// Prints what a session sees: a select, a parameterised select, the columns of users. Arguments: host port database user password.
const { Client } = require('pg');

async function main() {
  const [host, port, database, user, password] = process.argv.slice(2);
  const client = new Client({ host, port: Number(port), database, user, password });
  await client.connect();
  const plain = await client.query('SELECT count(*) AS n FROM videos');
  console.log(`videos ${plain.rows[0].n}`);
  const bound = await client.query('SELECT email FROM users WHERE country = $1 ORDER BY created_at LIMIT 1', ['IE']);
  console.log(`email ${bound.rows[0].email}`);
  const columns = await client.query(
    "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1 ORDER BY ordinal_position", ['users']);
  console.log(`columns ${columns.rows.map((row) => row.column_name).join(' ')}`);
  await client.end();
}

main().catch((err) => {
  console.error(err.message);
  process.exit(1);
});
