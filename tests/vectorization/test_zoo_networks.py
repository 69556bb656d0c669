"""Every layer of torch.nn within a network: equal to the plain loop, or refused."""

import pytest

from helpers_zoo import MARKS, assert_exact_or_refused, batch_for, build, in_networks

pytestmark = MARKS


@pytest.mark.parametrize("first_order", [False, True], ids=["second", "first"])
@pytest.mark.parametrize(("name", "form"), list(in_networks()))
def test_a_network_is_exact_or_refused(name, form, first_order, generator) -> None:
    model = build(name, "network", form)
    batch = batch_for(name, model, generator)
    assert_exact_or_refused(name, model, batch, first_order=first_order)
