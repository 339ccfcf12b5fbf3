"""How many calls may be in flight, found out by trying."""

import pytest

from evalslo.harness.aimd import Aimd
from evalslo.model.suite import Concurrency


def level(least=1, start=16, most=256):
    return Aimd(Concurrency(least=least, start=start, most=most))


def answered(aimd, times):
    for _ in range(times):
        aimd.answered(full=True)


def test_it_doubles_each_round_until_the_first_cut():
    aimd = level()
    answered(aimd, 16)
    assert aimd.allowed == 32
    answered(aimd, 32)
    assert aimd.allowed == 64


def test_after_a_cut_a_whole_round_adds_one():
    aimd = level()
    aimd.overloaded(1, begun=16, in_flight=16)
    cut = aimd.allowed
    assert cut == 11
    answered(aimd, 5)
    assert aimd.allowed == cut
    answered(aimd, 10)
    assert aimd.allowed == cut + 1


def test_answers_of_a_server_that_is_not_busy_say_nothing():
    aimd = level()
    for _ in range(1000):
        aimd.answered(full=False)
    assert aimd.allowed == 16


def test_one_round_trip_is_cut_once():
    aimd = level()
    for number in range(1, 17):
        aimd.overloaded(number, begun=16, in_flight=16)
    assert aimd.allowed == 11
    aimd.overloaded(17, begun=20, in_flight=11)
    assert aimd.allowed == 7


def test_a_cut_begins_from_what_was_in_flight():
    aimd = level(start=200)
    aimd.overloaded(1, begun=20, in_flight=20)
    assert aimd.allowed == 14


@pytest.mark.parametrize("times", [1, 50])
def test_it_stays_between_its_bounds(times):
    aimd = level(least=4, start=8, most=12)
    answered(aimd, 100 * times)
    assert aimd.allowed == 12
    for number in range(1, times + 1):
        aimd.overloaded(number, begun=number, in_flight=12)
    assert aimd.allowed == (8 if times == 1 else 4)


def test_a_fixed_number_never_changes():
    aimd = level(least=8, start=8, most=8)
    assert aimd.fixed
    answered(aimd, 100)
    aimd.overloaded(101, begun=101, in_flight=8)
    assert aimd.allowed == 8


def test_other_bounds_keep_what_was_found_out():
    aimd = level()
    answered(aimd, 16)
    aimd.adopt(Concurrency(least=1, start=4, most=100), fresh=False)
    assert aimd.allowed == 32
    aimd.adopt(Concurrency(least=1, start=4, most=20), fresh=False)
    assert aimd.allowed == 20
    aimd.adopt(Concurrency(least=1, start=4, most=20), fresh=True)
    assert aimd.allowed == 4
