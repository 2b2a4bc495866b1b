"""Pure. The parts that the text report and the page share: facts in, lines for people out."""
