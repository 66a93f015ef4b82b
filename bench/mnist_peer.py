#!/usr/bin/env python3
"""Train the network of examples/mnist.c with another framework and time one step.

    mnist_peer.py PEER --data DIR [--steps N] [--threads T] [--seed S] [--fused]
    mnist_peer.py PEER --check

PEER     torch | torch-compile | jax | sklearn | estimator
DIR      the four IDX files, plain or .gz (examples/fetch_mnist.sh prints such a folder)
--check  only say whether what the peer needs can be imported: status 0 if so, else 1 and a line `PEER: not installed`

Network 784-300-100-10, ReLU, softmax cross-entropy, batch 50, Adagrad (rate 0.05, accumulator 0.1, no epsilon where
the framework allows it), Glorot-uniform weights, zero biases, features standardised by one global mean and deviation.
sklearn has no Adagrad, so it runs its SGD. One line of JSON comes out: microseconds a step (median and minimum over
blocks of 500 steps, the batch gather included; sklearn and estimator time their fits as a whole), seconds of the whole
fit, and accuracy on the test set.
"""
import argparse
import gzip
import json
import os
import pathlib
import struct
import sys
import time

SIZES = [784, 300, 100, 10]
RATE, ACCUMULATOR, BATCH, BLOCK = 0.05, 0.1, 50, 500


def idx(folder, stem):
    """Read one IDX file, plain or gzipped, into a uint8 array."""
    import numpy as np
    for path in (pathlib.Path(folder) / stem, pathlib.Path(folder) / (stem + ".gz")):
        if path.exists():
            raw = (gzip.open if path.suffix == ".gz" else open)(path, "rb").read()
            rank = raw[3]
            shape = struct.unpack(f">{rank}I", raw[4:4 + 4 * rank])
            return np.frombuffer(raw, np.uint8, offset=4 + 4 * rank).reshape(shape)
    sys.exit(f"{folder}: no {stem} or {stem}.gz")


def load(folder):
    import numpy as np
    x, xt = (idx(folder, f"{part}-images-idx3-ubyte").reshape(-1, 784).astype(np.float32) / 255
             for part in ("train", "t10k"))
    y, yt = (idx(folder, f"{part}-labels-idx1-ubyte").astype(np.int64) for part in ("train", "t10k"))
    mean, std = x.mean(), x.std()
    return (x - mean) / std, y, (xt - mean) / std, yt


def glorot(rng, n_in, n_out):
    import numpy as np
    limit = (6 / (n_in + n_out)) ** 0.5
    return rng.uniform(-limit, limit, (n_in, n_out)).astype(np.float32)


def batches(rng, n, steps):
    """Row numbers of each batch: a new permutation each epoch."""
    order, at = rng.permutation(n), 0
    for _ in range(steps):
        if at + BATCH > n:
            order, at = rng.permutation(n), 0
        yield order[at:at + BATCH]
        at += BATCH


def timed(step, rng, n, steps):
    """Run all steps; return (total seconds, microseconds a step for each block)."""
    blocks, start, t = [], time.perf_counter(), time.perf_counter()
    for i, rows in enumerate(batches(rng, n, steps), 1):
        step(rows)
        if i % BLOCK == 0:
            now = time.perf_counter()
            blocks.append((now - t) / BLOCK * 1e6)
            t = now
    return time.perf_counter() - start, blocks


def torch_peer(data, a, compiled):
    import numpy as np
    import torch
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    rng = np.random.default_rng(a.seed)
    layers = []
    for n_in, n_out in zip(SIZES, SIZES[1:]):
        layer = torch.nn.Linear(n_in, n_out)
        torch.nn.init.xavier_uniform_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
        layers += [layer, torch.nn.ReLU()]
    net = torch.nn.Sequential(*layers[:-1])
    optimiser = torch.optim.Adagrad(net.parameters(), lr=RATE, initial_accumulator_value=ACCUMULATOR, eps=1e-30,
                                    **({"fused": True} if a.fused else {}))
    x, y = torch.from_numpy(data[0]), torch.from_numpy(data[1])
    loss = torch.nn.functional.cross_entropy

    def forward(xb, yb):
        return loss(net(xb), yb)

    if compiled:
        forward = torch.compile(forward)

    def step(rows):
        rows = torch.from_numpy(rows)
        optimiser.zero_grad(set_to_none=True)
        forward(x[rows], y[rows]).backward()
        optimiser.step()

    if compiled:
        for rows in batches(rng, len(y), 5):
            step(rows)
    total, blocks = timed(step, rng, len(y), a.steps)
    with torch.no_grad():
        accuracy = (net(torch.from_numpy(data[2])).argmax(1).numpy() == data[3]).mean()
    return total, blocks, accuracy


def jax_peer(data, a):
    if a.threads == 1:
        os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        os.sched_setaffinity(0, {0})
    import jax
    import jax.numpy as jnp
    import numpy as np
    rng = np.random.default_rng(a.seed)
    params = [(jnp.asarray(glorot(rng, i, o)), jnp.zeros(o)) for i, o in zip(SIZES, SIZES[1:])]
    slots = jax.tree.map(lambda p: jnp.full_like(p, ACCUMULATOR), params)

    def logits(params, x):
        for w, b in params[:-1]:
            x = jax.nn.relu(x @ w + b)
        w, b = params[-1]
        return x @ w + b

    def loss(params, x, y):
        return -jnp.take_along_axis(jax.nn.log_softmax(logits(params, x)), y[:, None], 1).mean()

    def update(params, slots, x, y):
        grads = jax.grad(loss)(params, x, y)
        slots = jax.tree.map(lambda s, g: s + g * g, slots, grads)
        return jax.tree.map(lambda p, g, s: p - RATE * g / jnp.sqrt(s), params, grads, slots), slots

    update = jax.jit(update, donate_argnums=(0, 1))
    state = [params, slots]

    def step(rows):
        state[0], state[1] = update(state[0], state[1], data[0][rows], data[1][rows])

    warm = jax.tree.map(jnp.array, (params, slots))
    rows = next(batches(rng, len(data[1]), 1))
    jax.block_until_ready(update(warm[0], warm[1], data[0][rows], data[1][rows]))
    total, blocks = timed(step, rng, len(data[1]), a.steps)
    accuracy = (np.asarray(jnp.argmax(logits(state[0], data[2]), 1)) == data[3]).mean()
    return total, blocks, accuracy


def sklearn_peer(data, a):
    import warnings
    from sklearn.neural_network import MLPClassifier
    from threadpoolctl import threadpool_limits
    warnings.filterwarnings("ignore")
    epochs = max(1, round(a.steps / (len(data[1]) / BATCH)))
    net = MLPClassifier((300, 100), batch_size=BATCH, solver="sgd", alpha=0, momentum=0, learning_rate_init=RATE,
                        max_iter=epochs, tol=0, n_iter_no_change=10 ** 6, random_state=a.seed)
    with threadpool_limits(a.threads):
        start = time.perf_counter()
        net.fit(data[0], data[1])
        total = time.perf_counter() - start
    return total, [total / (epochs * len(data[1]) / BATCH) * 1e6], net.score(data[2], data[3])


def estimator_peer(data, a):
    """tf.estimator.DNNClassifier, which TensorFlow has up to 2.15."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import logging
    import tensorflow as tf
    tf.get_logger().setLevel(logging.ERROR)
    session = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=a.threads, inter_op_parallelism_threads=a.threads)
    config = tf.estimator.RunConfig(tf_random_seed=a.seed, session_config=session, save_checkpoints_secs=None,
                                    save_checkpoints_steps=10 ** 9)
    net = tf.estimator.DNNClassifier(
        hidden_units=[300, 100], n_classes=10, config=config,
        feature_columns=[tf.feature_column.numeric_column("x", shape=[784])],
        optimizer=lambda: tf.keras.optimizers.legacy.Adagrad(RATE, initial_accumulator_value=ACCUMULATOR))

    def feed(x, y, epochs, shuffle):
        return tf.compat.v1.estimator.inputs.numpy_input_fn({"x": x}, y, batch_size=BATCH, num_epochs=epochs,
                                                            shuffle=shuffle)

    net.train(feed(data[0], data[1].astype("int32"), None, True), steps=10)
    start = time.perf_counter()
    net.train(feed(data[0], data[1].astype("int32"), None, True), steps=a.steps)
    total = time.perf_counter() - start
    result = net.evaluate(feed(data[2], data[3].astype("int32"), 1, False))
    return total, [total / a.steps * 1e6], float(result["accuracy"])


def is_installed(peer):
    """Whether all that a peer needs is there: PyTorch 1 has no compile, later TensorFlows have no estimator."""
    try:
        import numpy
        if peer in ("torch", "torch-compile"):
            import torch
            if peer == "torch-compile":
                torch.compile
        elif peer == "jax":
            import jax
        elif peer == "sklearn":
            import sklearn.neural_network
            import threadpoolctl
        else:
            import tensorflow
            tensorflow.estimator.DNNClassifier
    except (ImportError, AttributeError):
        return False
    return True


PEERS = {
    "torch": lambda data, a: torch_peer(data, a, False),
    "torch-compile": lambda data, a: torch_peer(data, a, True),
    "jax": jax_peer,
    "sklearn": sklearn_peer,
    "estimator": estimator_peer,
}


def parse():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("peer", choices=PEERS)
    p.add_argument("--data")
    p.add_argument("--steps", type=int, default=3000)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--seed", type=int, default=42)
    p.add_argument("--fused", action="store_true", help="torch: the fused Adagrad kernel")
    p.add_argument("--check", action="store_true", help="only say whether the peer can be imported")
    a = p.parse_args()
    if not a.check and not a.data:
        p.error("--data is needed, unless --check is given")
    if a.steps < BLOCK:
        p.error(f"--steps must be at least {BLOCK}, one block")
    return a


def main():
    a = parse()
    # Libraries read these when they are imported.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(a.threads)
    # A run does not check first, because a framework that is imported already would not see what its peer sets for it.
    if a.check:
        sys.exit(None if is_installed(a.peer) else f"{a.peer}: not installed")
    total, blocks, accuracy = PEERS[a.peer](load(a.data), a)
    blocks.sort()
    print(json.dumps({"peer": a.peer + ("-fused" if a.fused else ""), "threads": a.threads, "steps": a.steps,
                      "us_step_median": round(blocks[len(blocks) // 2], 1), "us_step_min": round(blocks[0], 1),
                      "fit_s": round(total, 2), "accuracy": round(float(accuracy), 4)}))


if __name__ == "__main__":
    main()
