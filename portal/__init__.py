"""What the screens share: who is here, the frame around a page, words for refusals, HTTP routes. No rules."""
