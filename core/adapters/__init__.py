"""The outside world (database, files, channels, bills) behind small interfaces."""
