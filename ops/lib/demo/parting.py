"""What to try next."""

from demo.screen import say, step

NAME = ".build/demo"

LOOK = """\
  millrace leads list --branch CN-GD-SHENZHEN    whose leads are in a branch
  millrace leads explain LEAD                    why it is theirs: a number of the list
  millrace dead-letters list --limit 10          what was refused; `dead-letters show ID` prints one
  millrace lag                                   what waits, everywhere
  millrace doctor                                is everything as it should be?
  millrace --help                                what else it can do"""

WORK = """\
  relay-events & allocate-leads &                the workers; `kill %1 %2` ends them
  echo '{"phone": "13823512345", "source": "web"}' | millrace publish lead.registered -
  millrace leads explain 13823512345             a lead of your own, and whose it is"""


def say_how_to_go_on(kept, seconds):
    minutes, rest = divmod(round(seconds), 60)
    if kept:
        step("How to go on: PostgreSQL, the broker and all rows are still there")
        say(f'  eval "$(ops/services env --dir {NAME}/services)"\n  export PATH="$PWD/.build/release:$PATH"')
        say(f"{LOOK}\n{WORK}\n  ops/services down --dir {NAME}/services    end it all")
    else:
        step("How to go on: nothing runs any more, and no rows are left")
        say("  ops/demo --keep        the same again, leaving the services and all rows there to look around in")
        say("\n  Or step by step, as above, with services of your own:\n")
        say('  ops/services up && eval "$(ops/services env)"\n  export PATH="$PWD/.build/release:$PATH"')
        say("  millrace migrate && millrace topics apply --execute")
        say("  ops/example/firm > firm.json && millrace leads setup firm.json --execute")
        say(f"{WORK}\n  ops/services down                              end it all")
        say("\n  README.md has a map of the files.")
    say(f"\n  This took {minutes} min {rest} s." if minutes else f"\n  This took {rest} s.")
