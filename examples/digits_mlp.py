"""Train a small network on handwritten digits: an ordinary TensorFlow 1 program.

    python -m pyscope examples/digits_mlp.py
"""

import gzip
import os

import numpy as np
import tensorflow as tf

BATCH = 64
EPOCHS = 20


def load_digits():
    """The 1,797 images as float32 rows in [0, 1] and their digits; see README.md for the source."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "digits.csv.gz")
    with gzip.open(path, "rt") as file:
        table = np.loadtxt(file, delimiter=",", dtype=np.float32)
    return table[:, :64] / 16, table[:, 64].astype(np.int32)


def dense(x, units, name):
    """A fully connected layer, its weights named after the scope."""
    with tf.variable_scope(name):
        w = tf.get_variable("w", [x.get_shape()[1].value, units], initializer=tf.glorot_uniform_initializer())
        b = tf.get_variable("b", [units], initializer=tf.zeros_initializer())
        return tf.nn.bias_add(tf.matmul(x, w), b)


def main():
    images, labels = load_digits()
    order = np.random.RandomState(0).permutation(len(images))
    train, test = order[:1437], order[1437:]  # four fifths to learn from

    tf.set_random_seed(1)
    x = tf.placeholder(tf.float32, [None, 64], name="x")
    y = tf.placeholder(tf.int32, [None], name="y")
    drop = tf.placeholder_with_default(0.0, [], name="drop")  # off unless fed, as for testing

    with tf.variable_scope("mlp"):
        hidden = tf.nn.relu(dense(x, 128, "hidden"))
        hidden = tf.nn.dropout(hidden, rate=drop)
        logits = dense(hidden, 10, "logits")

    with tf.name_scope("loss"):
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
    with tf.name_scope("accuracy"):
        correct = tf.equal(tf.argmax(logits, 1, output_type=tf.int32), y)
        accuracy = tf.reduce_mean(tf.cast(correct, tf.float32))

    global_step = tf.train.get_or_create_global_step()
    minimize = tf.train.AdamOptimizer(0.003).minimize(loss, global_step=global_step)

    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        shuffle = np.random.RandomState(1)
        for epoch in range(1, EPOCHS + 1):
            shuffle.shuffle(train)
            losses = []
            for start in range(0, len(train), BATCH):
                rows = train[start : start + BATCH]
                feed = {x: images[rows], y: labels[rows], drop: 0.2}
                _, value = sess.run([minimize, loss], feed_dict=feed)
                losses.append(value)
            if epoch == 1 or epoch % 5 == 0:
                value, step = sess.run([accuracy, global_step], feed_dict={x: images[test], y: labels[test]})
                mean_loss = np.mean(losses)
                print(f"epoch {epoch:2d}  step {step:3d}  loss {mean_loss:.4f}  test accuracy {value:.1%}")
        value = sess.run(accuracy, feed_dict={x: images[test], y: labels[test]})
        print(f"test accuracy: {value:.2%}")


if __name__ == "__main__":
    main()
