\echo tables and the like
\d
\d+
\d+ public.*
\d+ app.*
\d+ zzvault.*
\d+ dim.*
\d+ "Reporting".*
\dt
\dt app.*
\dt+
\dtvmsiE
\dtvmsi+ public.*
\dtvmsi+ app.*
\dv+
\dm+ app.*
\ds+ *.*
\di+ public.*
\di app.*
\dE
\dP
\dPn+ *.*
\dPi *.*
\echo schemas, databases, roles
\dn
\dn+
\dnS
\l shop
\l social
\du
\du+
\dg analyst
\db
\echo privileges
\dp
\dp public.*
\z app.*
\ddp
\echo types and domains
\dT
\dT+ public.*
\dT+ app.*
\dT pg_catalog.int*
\dD
\dD+ *.*
\dC public.*
\dC int4
\dO
\dO+ *.*
\dO pg_catalog.C
\echo functions, operators, languages
\df
\df public.*
\df app.*
\df pg_catalog.lower
\dfS+ pg_catalog.upper
\dfa
\da pg_catalog.max
\do public.*
\do pg_catalog.|| text text
\dL
\dL+
\dy
\dc public.*
\dAc btree int4
\dAf btree int4
\dAo btree integer_ops
\dAp btree integer_ops
\dA
\echo comments, extensions, text search
\dd
\dd public.*
\dd app.*
\dd *.*zz*
\dx
\dx+
\dX
\dX *.*
\dF
\dFd english*
\dFp
\dFt
\echo replication, foreign data
\dRp
\dRp+
\dRs
\des
\des+
\dew
\deu
\det
\echo sources
\sv payers
\sv+ app.revenue
\sv public.per_country
\sv plans
\sv app.steps
\sv named_users
\sv some_users
\sv more_users
\sv using_users
\sv in_users
\sv exists_users
\sv case_users
\sv zzview
\sv zzsecrets
\sf zz_secret
\sf lower(text)
\echo nothing of that name
\d zzdenied
\d zzvault.secrets
\d zzview
\d nothing
