"""What a hub would load for a twin of its own."""

import subprocess
import sys


def test_the_physics_the_rules_and_the_shield_load_neither_numpy_nor_numba() -> None:
    code = (
        "import sys\n"
        "import tokkatot.climate.control.shield, tokkatot.climate.control.twins\n"
        "import tokkatot.climate.physics.greenhouse.step, tokkatot.climate.physics.lettuce\n"
        "import tokkatot.climate.physics.poultry.step, tokkatot.climate.physics.sun\n"
        "print(sorted({'numpy', 'numba', 'gymnasium', 'scipy'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        (sys.executable, "-c", code), capture_output=True, text=True, check=True, timeout=300
    )
    assert done.stdout.strip() == "[]"
