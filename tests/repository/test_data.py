"""The example data are what their README says."""

import numpy as np

from .source_tree import ROOT


def test_breast_cancer_table() -> None:
    path = ROOT / "examples" / "data" / "breast_cancer.csv"
    names = path.read_text().splitlines()[0].split(",")
    table = np.loadtxt(path, delimiter=",", skiprows=1)
    assert table.shape == (569, 31)
    assert len(set(names)) == 31
    assert names[-1] == "malignant"
    assert all(name.isidentifier() for name in names)
    malignant = table[:, -1] == 1
    assert (malignant.sum(), (table[:, -1] == 0).sum()) == (212, 357)
    radius = table[:, names.index("mean_radius")]  # malignant tumours have the larger nuclei
    assert radius[malignant].mean() > radius[~malignant].mean()
