#!/bin/sh
# Makes the two files beside this one from Figtree (SIL Open Font License, ui/node_modules/@fontsource-variable/figtree):
# the weights, letters and features that the window uses. Needs fonttools and brotli for Python.
set -eu
cd "$(dirname "$0")"
from=../node_modules/@fontsource-variable/figtree/files
make() {
  part=$(mktemp --suffix .ttf)
  python3 -m fontTools.varLib.instancer --quiet "$from/figtree-$1-wght-normal.woff2" wght=400:700 -o "$part"
  python3 -m fontTools.subset "$part" --unicodes="$2" --layout-features=kern,tnum,ccmp,locl,mark --no-hinting \
    --no-glyph-names --flavor=woff2 --output-file="figtree-$1.woff2"
  rm "$part"
}
# English, German and the other languages of Western Europe, with the signs of the texts.
make latin "U+0020-007E,U+00A0-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+2000-206F,U+20AC,U+2122,U+2212"
# Names and titles of the rest of Europe and of Vietnam.
make latin-ext "U+0100-024F,U+0300-0330,U+1E00-1EFF"
