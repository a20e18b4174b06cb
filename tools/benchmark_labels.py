from tgan.cli import run

if __name__ == "__main__":
    run("benchmark-labels")
