"""Text, in any script: what the other rooms need to know about characters. Pure.

fold       case, width, composition, dashes, quotes and invisible characters folded away, with a map back to the original
boundary   where words begin and end, by the scripts of the two neighbours
sentences  the sentence around a match
language   which language a text is in
clean      control characters, lone surrogates, marks without end: removed; cuts between graphemes
html       mark-up to plain text
"""
