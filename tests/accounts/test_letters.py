"""Letters: one line of subject whatever is in a name."""

from portal.accounts.services.letters import compose_letter


def test_a_name_with_a_line_break_neither_stops_a_letter_nor_adds_a_reader():
    letter = compose_letter("ann@example.com", subject="Join Alder\r\nBcc: eve@example.com", paragraphs=["Hello"])
    message = letter.message()
    assert message["Subject"] == "Join Alder Bcc: eve@example.com"
    assert (message["To"], message["Bcc"]) == ("ann@example.com", None)
