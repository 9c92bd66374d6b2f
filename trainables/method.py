"""What every method is: hyperparameters as fields, and a recipe made of them."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from trainables.hyperparameters import hyperparameters
from trainables.recipe import Context, Recipe

__all__ = ["Method"]


@dataclass(frozen=True)
class Method(ABC):
    """A way to train, as a frozen dataclass whose fields are its hyperparameters.

    Subclasses are frozen dataclasses too; each field is made by
    `trainables.hyperparameters.hyperparameter`. A method of a user's own, named as
    ``package.module:object``, also carries its search space as the class attribute ``SPACE``.

    Raises:
        ValueError: a field's value is not allowed; the sentence says what is.
    """

    def __post_init__(self) -> None:
        for name, each in hyperparameters(type(self)).items():
            each.check(getattr(self, name))

    def images_a_batch(self, of_task: int) -> int:
        """Images of a batch where the task's ``batch_size`` is ``of_task``: as many.

        A method may have more or fewer. It then takes fewer or more steps, so that its trial meets
        as many images as any other's.
        """
        return of_task

    @property
    def compilable(self) -> bool:
        """Its network may be compiled, which a method of second derivatives must deny."""
        return True

    @abstractmethod
    def recipe(self, context: Context) -> Recipe:
        """The parts of this method, put together for one trial. No training happens here."""
