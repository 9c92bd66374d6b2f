"""A branch that is trained after its image network: a method's recipe for each, in one trial."""

from dataclasses import replace

from trainables.method import Method
from trainables.models.branch import Branched
from trainables.models.frozen import branch_alone, image_alone
from trainables.recipe import Context, Recipe

__all__ = ["recipe_of"]


def recipe_of(method: Method, context: Context) -> Recipe:
    """The method's recipe; for a branch that comes after the image network, one for each of them.

    Up to the branch's beginning the image network is trained as if alone, then the branch beside
    it, which stays as it is. An image of the second part counts as one gradient evaluation a pass,
    as any image does, though the image network has no backward pass there.
    """
    model = context.model
    if not isinstance(model, Branched) or model.plan is None or model.plan.begins is None:
        return method.recipe(context)
    first, second = (
        method.recipe(replace(context, model=part))
        for part in (image_alone(model), branch_alone(model))
    )
    return first.then(second, model.plan.begins, model.begin_branch)
