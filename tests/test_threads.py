"""BLAS and LAPACK on one thread, and back again."""

from threadpoolctl import threadpool_info

from learning_dynamics._threads import one_blas_thread


def blas_threads():
    return {library["filepath"]: library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def test_every_blas_of_the_process_is_held_to_one_thread_and_released():
    with one_blas_thread():
        assert set(blas_threads().values()) == {1}
        with one_blas_thread():
            pass
        assert set(blas_threads().values()) == {1}
    before = blas_threads()
    with one_blas_thread():
        pass
    assert blas_threads() == before
