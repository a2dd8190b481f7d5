from service.kept import LONG, SHORT, kept


def test_a_result_is_kept_and_of_long_texts_only_the_last():
    worked: list[str] = []

    @kept(100)
    def length(text: str, known: str = "") -> int:
        worked.append(text)
        return len(text + known)

    assert [length("Harrow"), length("Harrow")] == [6, 6]
    assert worked == ["Harrow"]
    long = [str(n) + "x" * SHORT for n in range(LONG + 1)]
    for text in [*long, *long[1:], "Harrow"]:
        length(text)
    assert worked == ["Harrow", *long]
    length(long[0])
    assert worked == ["Harrow", *long, long[0]]
    # Both texts of a pair count.
    for n in range(LONG + 1):
        length("Harrow", known=long[n])
    del worked[:]
    length("Harrow", long[0])
    assert worked == ["Harrow"]
