"""From the rules' outcomes to CDS Hooks cards: silencing, composing, writing, suggestions."""
