"""Runs the code of a page, section after section, in one namespace."""

import re

FENCE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^## (.*)$", re.MULTILINE)
# What only one version has says so in its heading.
VERSION = re.compile(r"\(([0-9.]+)\)$")

sections = {}
names = {}


def reads(text, version):
    """The headings of the sections that have code for this version."""
    marks = [*HEADING.finditer(text), None]
    for mark, following in zip(marks, marks[1:]):
        only = VERSION.search(mark[1])
        end = following.start() if following else len(text)
        fences = list(FENCE.finditer(text, mark.end(), end))
        if fences and (only is None or only[1] == version):
            # Empty lines before, so that a trace names the line of the page.
            code = ["\n" * text.count("\n", 0, one.start(1)) + one[1] for one in fences]
            pushes = "docker push" in text[mark.end() : end]
            sections[mark[1]] = (code, pushes)
    return list(sections)


def runs(heading):
    """Runs a section. Gives the id of its project if the section goes on with a push."""
    code, pushes = sections[heading]
    for part in code:
        exec(compile(part, "docs/python.md", "exec"), names)
    return names["project"].id if pushes else None
