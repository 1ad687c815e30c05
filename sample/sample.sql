-- A social-video sample of about 100,000 rows, the same at every run. It needs an empty database.
CREATE TYPE visibility AS ENUM ('public', 'friends', 'private');
CREATE TABLE users (
    user_id    bigint PRIMARY KEY,
    username   text NOT NULL UNIQUE,
    email      text NOT NULL,
    phone      text,
    birth      date,
    country    char(2) NOT NULL,
    created_at timestamptz NOT NULL,
    deleted_at timestamptz
);
CREATE TABLE privacy_settings (
    user_id    bigint PRIMARY KEY REFERENCES users,
    searchable boolean NOT NULL,
    audience   visibility NOT NULL
);
CREATE TABLE videos (
    video_id   bigint PRIMARY KEY,
    user_id    bigint NOT NULL REFERENCES users,
    title      text NOT NULL,
    visibility visibility NOT NULL,
    views      integer NOT NULL,
    revenue    numeric(10,2) NOT NULL,
    tags       text[] NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE TABLE follows (
    follower bigint REFERENCES users,
    followee bigint REFERENCES users,
    since    date NOT NULL,
    PRIMARY KEY (follower, followee)
);
CREATE TABLE devices (
    device_id uuid PRIMARY KEY,
    user_id   bigint NOT NULL REFERENCES users,
    model     text NOT NULL,
    last_ip   inet,
    settings  jsonb NOT NULL
);
CREATE TABLE messages (
    message_id bigint PRIMARY KEY,
    sender     bigint NOT NULL REFERENCES users,
    recipient  bigint NOT NULL REFERENCES users,
    body       text NOT NULL,
    sent_at    timestamptz NOT NULL
);
INSERT INTO users SELECT g, 'user_' || g, 'user' || g || '@' || (ARRAY['example.org', 'example.com', 'mail.example'])[1 + g % 3],
    CASE WHEN g % 7 > 0 THEN '+353 85 ' || lpad((g * 7919 % 10000000)::text, 7, '0') END, date '1960-01-01' + (g * 37 % 16000),
    (ARRAY['IE', 'NO', 'DE', 'FR', 'SG', 'US', 'BR', 'IN'])[1 + g % 8], timestamptz '2023-01-01 00:00+00' + make_interval(mins => g * 53),
    CASE WHEN g % 50 = 0 THEN timestamptz '2025-06-01 00:00+00' + make_interval(mins => g) END
    FROM generate_series(1, 10000) g;
INSERT INTO privacy_settings SELECT g, g % 3 > 0, (ARRAY['public', 'friends', 'private'])[1 + g % 3]::visibility FROM generate_series(1, 10000) g;
INSERT INTO videos SELECT g, 1 + g * 131 % 10000, CASE WHEN g % 5 = 4 THEN 'at home ' || g ELSE 'clip ' || g END,
    (ARRAY['public', 'public', 'public', 'friends', 'private'])[1 + g % 5]::visibility, g * 7919 % 100003, (g * 31 % 90000) / 100.0,
    ARRAY['tag' || g % 17, 'tag' || g % 5], timestamptz '2024-01-01 00:00+00' + make_interval(mins => g * 17)
    FROM generate_series(1, 30000) g;
INSERT INTO follows SELECT DISTINCT 1 + g * 13 % 10000, 1 + (g * 13 + 1 + g % 97) % 10000, date '2024-01-01' + g % 600 FROM generate_series(1, 9990) g;
INSERT INTO devices SELECT md5('device' || g)::uuid, 1 + g % 10000, (ARRAY['phone', 'tablet', 'tv'])[1 + g % 3],
    ('10.' || g % 200 || '.' || g % 250 || '.' || 1 + g % 250)::inet, jsonb_build_object('dark', g % 2 = 0, 'advertising_id', md5('ad' || g))
    FROM generate_series(1, 12000) g;
INSERT INTO messages SELECT g, 1 + g % 10000, 1 + g * 3 % 10000, 'message ' || g, timestamptz '2024-01-01 00:00+00' + make_interval(secs => g)
    FROM generate_series(1, 30000) g;
CREATE INDEX ON videos (user_id);
CREATE INDEX ON videos (created_at);
CREATE INDEX ON devices (user_id);
CREATE INDEX ON follows (followee);
CREATE VIEW creators AS
    SELECT u.user_id, u.username, u.country, count(*) AS videos, sum(v.views) AS views
    FROM users u JOIN videos v USING (user_id) GROUP BY u.user_id;
ANALYZE;
