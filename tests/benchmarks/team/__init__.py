"""What a team of devices has to reach: agreement, survival, and how fast a crowd hears of an edit."""
