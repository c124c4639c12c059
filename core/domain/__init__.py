"""Rules. No IO and no clock here: whatever needs `now` takes it as an argument."""
