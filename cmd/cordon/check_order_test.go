package main

import (
	"regexp"
	"testing"
)

// TestCheckOrder asks a server for the statistics of identifiers of every kind.
func TestCheckOrder(t *testing.T) {
	text := checkHead + `[domain.hidden]
[domain.shown]
order = "show"
[domain.random]
order = "show"
`
	for table, domain := range map[string]string{"serial": "shown", "shuffled": "hidden", "sparse": "hidden", "unseen": "shown", "random": "random"} {
		text += "[database.app.table.\"public." + table + "\".columns]\nid = { pseudonym = \"" + domain + "\" }\n"
	}
	out := checkConnected(t, `CREATE TABLE serial (id int8); INSERT INTO serial SELECT generate_series(1, 5000);
CREATE TABLE shuffled (id int8); INSERT INTO shuffled SELECT id FROM serial ORDER BY md5(id::text);
CREATE TABLE sparse (id int8); INSERT INTO sparse SELECT ('x' || left(md5(id::text), 15))::bit(60)::int8 FROM serial;
CREATE TABLE random (id uuid); INSERT INTO random SELECT md5(id::text)::uuid FROM serial;
ANALYZE; CREATE TABLE unseen (id int8)`, text)
	for _, want := range []string{
		`shown .* app.public.serial.id .* 1.00 .* 1 .* WARNING, "hide" is needed: rows lie`, `hidden .* app.public.shuffled.id .* hide is needed: the identifiers are dense`,
		`hidden .* app.public.sparse.id .* "show" would be enough`, `random .* app.public.random.id .* show is enough`, `shown .* app.public.unseen.id .* no statistics`,
	} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("nothing like %q in\n%s", want, out)
		}
	}
}
