"""How a report is written: blocks, figures and tables, as HTML, Markdown and LaTeX."""
