"""What a buyer keeps: signed verdicts, the keys that sign them, stored reports."""
