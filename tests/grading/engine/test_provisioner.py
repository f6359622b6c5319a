"""Jupyter's own clients run through the provisioner unchanged."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tomllib

import nbclient
import nbformat
import pytest
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from jupyter_client.provisioning import KernelProvisionerFactory
from traitlets.config import Config
from walled_kernels import LIMITS, WITHHELD, needs_walls, started

from course.grading.engine import provisioner
from course.grading.engine.proxies import TrustedSide
from course.grading.engine.warm_client import WarmServer
from course.grading.withhold import kernel_arguments
from course.homework import ROOT

pytestmark = needs_walls


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    factory = KernelProvisionerFactory.instance()
    monkeypatch.setattr(factory, "default_provisioner_name", factory.default_provisioner_name)  # put back afterwards
    provisioner.register()


def notebook(*cells: str):
    nodes = [nbformat.v4.new_code_cell(source) for source in cells]
    kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=nodes, metadata={"kernelspec": kernelspec})


def client(server, folder, *cells: str, **settings):
    config = Config()
    config.GradingProvisioner.server = server.address
    config.GradingProvisioner.limits = LIMITS.as_dict()
    config.GradingProvisioner.withheld = WITHHELD
    return nbclient.NotebookClient(
        notebook(*cells),
        config=config,
        resources={"metadata": {"path": str(folder)}},
        shutdown_kernel="immediate",
        **{"timeout": 30, **settings},
    )


def test_nbclient_executes_a_notebook(server, folder):
    run = client(
        server,
        folder,
        "import os; print(os.getpid(), os.path.basename(os.getcwd()))",
        "6 * 7",
        "import matplotlib.pyplot as plt; plt.plot([1, 2]); plt.show()",
        "raise ValueError('no')",
        "import sys; print('last', file=sys.stderr)",
        allow_errors=True,
    )
    outputs = [cell.outputs[0] for cell in run.execute().cells]
    assert outputs[0].text == "1 hw1\n"
    assert outputs[1].data["text/plain"] == "42"
    assert "image/png" in outputs[2].data
    assert (outputs[3].ename, outputs[3].evalue) == ("ValueError", "no")
    assert (outputs[4].name, outputs[4].text) == ("stderr", "last\n")


def test_a_cell_that_takes_too_long_is_interrupted_and_the_next_one_runs(server, folder):
    run = client(
        server,
        folder,
        "import time\ntry:\n    time.sleep(60)\nexcept KeyboardInterrupt:\n    print('interrupted')",
        "print('next')",
        timeout=1,
        interrupt_on_timeout=True,
    )
    cells = run.execute().cells
    assert [output.text for cell in cells for output in cell.outputs if output.output_type == "stream"][-1] == "next\n"
    run = client(server, folder, "while True:\n    pass", timeout=1)
    with pytest.raises(CellTimeoutError):
        run.execute()


def test_a_kernel_that_dies_is_noticed_and_its_end_is_on_record(server, folder):
    run = client(server, folder, "import os; os._exit(9)")
    run.create_kernel_manager()
    manager = run.km
    with pytest.raises(DeadKernelError):
        run.execute()
    assert manager.provisioner.ended.returncode == 9


def test_a_kernel_can_be_restarted_and_shut_down_gently(server, folder):
    with started(server, folder) as kernel:
        kernel.run("x = 1")
        kernel.manager.restart_kernel(now=True)
        kernel.client.stop_channels()
        kernel.client = kernel.manager.client()
        kernel.client.start_channels()
        kernel.client.wait_for_ready(timeout=30)
        assert "NameError" in kernel.run("x").error
        child = kernel.child
        kernel.manager.shutdown_kernel()
        assert child.ended.returncode == 0
        assert not kernel.manager.has_kernel


def test_arguments_that_nbgrader_passes_reach_the_kernel_but_for_what_the_walls_do_themselves(server, folder):
    run = client(
        server,
        folder,
        "print(get_ipython().kernel.parent.log_level, get_ipython().kernel.parent.exec_lines)",
        extra_arguments=["--IPKernelApp.log_level=ERROR", *kernel_arguments(ROOT)],
    )
    assert run.execute().cells[0].outputs[0].text == "40 []\n"


def test_what_a_homework_withholds_is_taken_from_its_settings(server, tmp_path):
    homeworks = provisioner.withheld_modules(ROOT)
    assert (
        homeworks["hw1_mixtures_em"]
        == tomllib.loads((ROOT / "course/answers/hw1_mixtures_em/homework.toml").read_text())["withheld"]
    )
    folder = tmp_path / "hw1_mixtures_em"
    folder.mkdir()
    with started(server, folder, withheld=[]) as kernel:
        assert kernel.run("import lvmlib.em").error == ""
    with started(server, folder) as kernel:
        kernel.manager.provisioner.withheld = None
        kernel.manager.restart_kernel(now=True)
        kernel.client.stop_channels()
        kernel.client = kernel.manager.client()
        kernel.client.start_channels()
        kernel.client.wait_for_ready(timeout=30)
        assert "withheld while hw1_mixtures_em is graded" in kernel.run("import lvmlib.exact.finite").error


def test_what_servers_import_is_taken_from_the_homeworks_settings(tmp_path):
    assert provisioner.packages(tmp_path) == provisioner.packages(ROOT) == ["lvmlib"]
    wanted = {"packages = []": [], 'packages = ["course"]': ["course"], "withheld = []": ["course", "lvmlib"]}
    for number, (line, packages) in enumerate(wanted.items()):
        path = tmp_path / f"course/answers/hw{number}/homework.toml"
        path.parent.mkdir(parents=True)
        path.write_text(f'title = "One more homework"\n{line}\n')
        assert provisioner.packages(tmp_path) == packages


def test_a_server_for_homework_without_packages_imports_what_grading_needs_alone(folder):
    names = ("torch", "ipykernel.ipkernel", "lvmlib", "sklearn", "matplotlib.pyplot")
    with WarmServer.start("kernel", packages=()) as short, started(short, folder, withheld=[]) as kernel:
        assert kernel.value(f"import sys; print([name in sys.modules for name in {names}])") == [True, True, False, False, False]


def test_the_bridge_is_served_by_the_kernel(server, folder):
    ours, theirs = socket.socketpair()
    with ours, started(server, folder, bridge=theirs.fileno()) as kernel:
        theirs.close()
        kernel.run("def double(x):\n    return 2 * x\nnumber = 21")
        student = TrustedSide(ours)
        student.allow(20.0)
        assert student.get("double")(student.get("number")) == 42
        assert kernel.value("print(number)") == 21


def test_it_leaves_no_folder_behind(server, folder):
    place = os.path.dirname(server.address)
    before = sorted(os.listdir(place))
    with started(server, folder):
        assert len(os.listdir(place)) == len(before) + 1
    assert sorted(os.listdir(place)) == before


def test_with_the_environment_variables_alone_any_jupyter_program_runs_through_it(server, folder):
    path = folder / "alone.ipynb"
    nbformat.write(notebook("import os; print(os.getpid())"), path)
    code = (
        "from course.grading.engine import provisioner; provisioner.register();"
        "import nbformat, nbclient; n = nbformat.read('alone.ipynb', 4); nbclient.NotebookClient(n).execute();"
        "print(n.cells[0].outputs[0].text)"
    )
    environment = {**os.environ, provisioner.SERVER: server.address, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == "1", done.stderr
