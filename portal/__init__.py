"""What the screens share: who is here, the frame around a page, words for refusals, the HTTP routes. No rules, no SQL."""
