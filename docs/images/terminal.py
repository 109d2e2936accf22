#!/usr/bin/env python3
"""Draws what a command printed on a terminal as an SVG.

    script -qec "stty cols 110; cargo run -q --example 02_schema_to_prod" /dev/null | python3 docs/images/terminal.py 'cargo run --example 02_schema_to_prod' > docs/images/02_schema_to_prod.svg
"""

import re
import sys
from html import escape

FONT, LINE, PAD = 13, 18, 16
ADVANCE = FONT * 0.602
COLOURS = {31: "#ff7b72", 32: "#7ee787", 33: "#e3b341", 34: "#79c0ff", 35: "#d2a8ff", 36: "#76e3ea"}
STYLE = re.compile(r"\x1b\[([0-9;]*)m")
OTHER = re.compile(r"\x1b(\[[0-9;?]*[A-Za-ln-z]|\][^\x07]*\x07|[()][A-Z0-9])")


def settled(line):
    """A line as it stays on the screen: a spinner writes over itself and is cleared."""
    line = line.rstrip("\r\n")
    line = re.split(r"\x1b\[2K|\r", line)[-1]
    return OTHER.sub("", line)


def spans(line):
    """Pieces of text with their styles."""
    bold = dim = False
    colour = None
    at = 0
    for match in list(STYLE.finditer(line)) + [None]:
        text = line[at : match.start() if match else len(line)]
        if text:
            yield text, bold, dim, colour
        if match is None:
            return
        at = match.end()
        for code in [int(code or 0) for code in match.group(1).split(";")]:
            if code == 0:
                bold, dim, colour = False, False, None
            elif code == 1:
                bold = True
            elif code == 2:
                dim = True
            elif code == 22:
                bold = dim = False
            elif code == 39:
                colour = None
            elif code % 60 in COLOURS:
                colour = COLOURS[code % 60]


def main():
    command = sys.argv[1]
    lines = [settled(line) for line in sys.stdin.read().split("\n")]
    lines = [line for line in lines if not line.startswith(("Script started", "Script done"))]
    while lines and not lines[-1].strip():
        lines.pop()
    lines = [f"\x1b[2m$\x1b[0m {command}"] + lines
    plain = [STYLE.sub("", line) for line in lines]
    width = round(max(map(len, plain)) * ADVANCE + 2 * PAD)
    height = len(lines) * LINE + 2 * PAD
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        f"<title>{escape(command)}</title>",
        f'<rect width="{width}" height="{height}" rx="8" fill="#0d1117"/>',
        f'<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,DejaVu Sans Mono,monospace" font-size="{FONT}" fill="#e6edf3" xml:space="preserve">',
    ]
    for number, line in enumerate(lines):
        y = PAD + (number + 1) * LINE - 5
        column = 0
        for text, bold, dim, colour in spans(line):
            if text.strip():
                style = f' fill="{colour}"' if colour else (' fill="#8b949e"' if dim else "")
                style += ' font-weight="bold"' if bold else ""
                # The length is given, so that columns stay aligned in whatever font is there.
                length = f' textLength="{len(text) * ADVANCE:.1f}" lengthAdjust="spacingAndGlyphs"'
                out.append(f'<text x="{PAD + column * ADVANCE:.1f}" y="{y}"{length}{style}>{escape(text)}</text>')
            column += len(text)
    out += ["</g>", "</svg>"]
    print("\n".join(out))


main()
