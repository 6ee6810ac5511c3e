"""What no program means to say."""

BODIES: tuple[bytes, ...] = (
    b"",
    b"\x00",
    b"\xff\xfe\xfd",
    b"null",
    b"[]",
    b"{}",
    b'"text"',
    b"{" * 5000,
    b"[" * 100_000,
    b'{"v":2}',
    b'{"v":1,"hub":"not-a-uuid"}',
    b'{"v":1,"session":"","stream":"readings","epoch":"e","from":1,"rows":[]}',
    b'{"v":1,"session":"s","stream":"lies","epoch":"e","from":1,"rows":[[1]]}',
    b'{"v":1,"session":"s","stream":"readings","epoch":"e","from":-1,"rows":[[1,"r"]]}',
    b'{"v":1,"session":"s","stream":"readings","epoch":"e","from":1e400,"rows":[[1,"r"]]}',
    b'{"v":1,"t":1e999}',
    b"x" * 600_000,
)
NODE_BODIES: tuple[bytes, ...] = (
    *BODIES[:11],
    b'{"v":1,"boot":"g","n":"1","values":{"temperature":1}}',
    b'{"v":1,"boot":"g","n":1,"up_ms":1,"values":[1]}',
    b'{"v":1,"boot":"g","n":1,"online":true,"actual":101}',
    b'{"v":1,"boot":"g","n":1,"online":true,"actual":"half"}',
    b'{"v":1,"boot":"g","n":1,"online":"yes","actual":"on"}',
    b'{"v":1,"boot":"g","up_ms":1e400}',
    b"x" * 500_000,
)
"""Said on the topics of a node."""
WORDS = ("", "-1", "9" * 400, "\x00", "not-a-cursor")
"""Said in the query of an address."""
