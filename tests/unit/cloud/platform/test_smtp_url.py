from tokkatot.cloud.platform.smtp_url import SmtpServer


def test_who_logs_in_does_so_over_tls() -> None:
    server = SmtpServer.parse("smtp://me%40example.com:p%2Fw@mail.example")

    assert (server.host, server.port) == ("mail.example", 587)
    assert (server.login, server.password) == ("me@example.com", "p/w")
    assert (server.use_tls, server.start_tls) == (False, True)


def test_a_relay_without_a_login_is_encrypted_where_it_can_be() -> None:
    server = SmtpServer.parse("smtp://relay.farm")

    assert (server.port, server.use_tls, server.start_tls) == (25, False, None)


def test_smtps_is_encrypted_throughout() -> None:
    server = SmtpServer.parse("smtps://me:word@mail.example:4650")

    assert (server.port, server.use_tls, server.start_tls) == (4650, True, False)


def test_the_password_is_not_shown_in_a_log() -> None:
    assert "word" not in repr(SmtpServer.parse("smtp://me:word@mail.example"))
