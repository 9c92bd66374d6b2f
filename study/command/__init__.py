"""What each command of ``aucstudy`` prints or starts."""
