"""What to try next."""

from demo.screen import say, step

NAME = ".build/demo"

LOOK = """
To look around:
  millrace lag                      what waits, everywhere
  millrace leads list --branch CN-GD-SHENZHEN --limit 5
  millrace leads explain LEAD       whose it is, and why; LEAD is a number there
  millrace dead-letters list --reason not-json
  millrace dead-letters show ID     one of them, byte by byte
  millrace doctor                   is everything as it should be?
  millrace --help                   what else there is"""

WORK = """
  relay-events & allocate-leads &
  echo '{"phone": "13823512345", "source": "web"}' |
    millrace publish lead.registered -
  sleep 5      # a broker takes some seconds to admit a new reader
  millrace leads explain 13823512345
  kill %1 %2"""


def say_how_to_go_on(kept, seconds):
    if kept:
        step("How to go on")
        say("PostgreSQL, the broker and all rows are still there; the workers have ended.")
        say(f'  eval "$(ops/services env --dir {NAME}/services)"\n  export PATH="$PWD/.build/release:$PATH"')
        say(f"{LOOK}\n\nTo publish a lead of your own and see whose it is:{WORK}")
        say(f"\nTo end everything, rows included:\n  ops/services down --dir {NAME}/services")
    else:
        step("How to go on")
        say("Nothing runs any more, and no rows are left. The same again, leaving services")
        say("and rows there to look around in:\n  ops/demo --keep")
        say("\nOr step by step, with services of your own and a lead of your own:")
        say('  ops/services up\n  eval "$(ops/services env)"\n  export PATH="$PWD/.build/release:$PATH"')
        say("  millrace migrate\n  millrace topics apply --execute")
        say("  ops/example/firm > firm.json\n  millrace leads setup firm.json --execute" + WORK)
        say("  ops/services down\n\nREADME.md has a map of the files.")
    minutes, rest = divmod(round(seconds), 60)
    say(f"\nAll this took {minutes} min {rest} s." if minutes else f"\nAll this took {rest} s.")
