from lvmlib.cli import main

main()
