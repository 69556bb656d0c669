"""The same MAML with this package and with others, each as its users would write it.

Every ``with_*.py`` has one function, ``meta_gradient``: the query losses of some tasks
after gradient steps on their support sets, one by task, and the gradients of their mean in
the model's parameters, through these steps. The book's page *From learn2learn, higher,
TorchOpt* shows the files; ``python -m benchmarks.same_maml`` compares and times them.
"""
