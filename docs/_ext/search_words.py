"""How the site's search cuts text into words, English and Chinese.

Chinese has no blanks between words, and no dictionary has the words of this field. So each run of Chinese characters is
indexed by all its pieces of one, two and three characters, and a query is cut into pieces of three, or the whole if it
is shorter: a page is found if it has all of them. English words are taken as Sphinx takes them.
"""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx
from sphinx.search.en import SearchEnglish

_LONGEST = 3
_CHINESE = "\u4e00-\u9fff"
_WORD = re.compile(rf"[{_CHINESE}]+|[^\W{_CHINESE}]+")


def words_of(text: str) -> list[str]:
    """The words of a text that the index holds."""
    words: list[str] = []
    for word in _WORD.findall(text):
        words += _pieces(word) if re.match(f"[{_CHINESE}]", word) else [word]
    return words


def _pieces(run: str) -> list[str]:
    lengths = range(1, min(_LONGEST, len(run)) + 1)
    return [run[at : at + length] for length in lengths for at in range(len(run) - length + 1)]


class SearchEnglishAndChinese(SearchEnglish):
    """Sphinx's search of English, and Chinese besides."""

    lang = "en_zh"
    language_name = "English"  # also the name of the stemmer in the page's script

    # The same as words_of, but of the pieces of a run those of the greatest length alone.
    js_splitter_code = f"""
function splitQuery(query) {{
  const words = query.match(/[{_CHINESE}]+|[\\p{{Letter}}\\p{{Number}}_]+/gu) || [];
  const cut = (word) => {{
    const run = word.match(/[{_CHINESE}]+|[^{_CHINESE}]+/g);
    return run.flatMap((part) => /[{_CHINESE}]/.test(part) ? pieces(part) : [part]);
  }};
  return words.flatMap(cut);
}}

function pieces(run) {{
  const length = Math.min(run.length, {_LONGEST});
  return Array.from({{ length: run.length - length + 1 }}, (_, at) => run.slice(at, at + length));
}}
"""

    def split(self, input: str) -> list[str]:  # noqa: A002  # the name is Sphinx's
        return words_of(input)


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the search; ``html_search_language = "en_zh"`` chooses it."""
    app.add_search_language(SearchEnglishAndChinese)
    return {"parallel_read_safe": True}
