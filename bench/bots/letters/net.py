"""A small network that reads pictures of letters, trained on the processor.

    net.py train FOLDER WIDTH HEIGHT COUNT CLASSES SECONDS
        reads FOLDER/x.u8 and y.u8, trains for so many seconds of processor
        time, writes FOLDER/net.pt, and prints one line of JSON
    net.py read FOLDER WIDTH HEIGHT COUNT CLASSES
        reads pictures (WIDTH * HEIGHT bytes each) from standard input and
        prints a line of JSON with the classes and the log-probability of each

Four blocks of convolutions, two convolutions along the columns, and for each
place of the answer a head that looks at the columns, near where the letter of
that place would be if all were equally wide, and learns to look elsewhere.
"""

import json
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


class Reader(nn.Module):
    def __init__(self, width, height, count, classes):
        super().__init__()

        def block(inputs, outputs, pool):
            return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(pool))

        self.see = nn.Sequential(block(1, 16, 2), block(16, 32, 2), block(32, 64, (2, 1)), block(64, 64, (2, 1)))
        with torch.no_grad():
            _, channels, rows, self.columns = self.see(torch.zeros(1, 1, height, width)).shape
        self.along = nn.Sequential(
            nn.Conv1d(channels * rows, 128, 5, padding=2), nn.BatchNorm1d(128), nn.ReLU(),
            nn.Conv1d(128, 128, 5, padding=2), nn.BatchNorm1d(128), nn.ReLU())
        self.where = nn.Conv1d(128, count, 1)
        self.what = nn.Linear(128, classes)
        at = torch.arange(self.columns) + 0.5
        middle = (torch.arange(count) + 0.5) * self.columns / count
        apart = (at[None] - middle[:, None]) / (self.columns / count)
        self.prior = nn.Parameter(-2 * apart ** 2)

    def forward(self, x):
        h = self.along(self.see(x).flatten(1, 2))
        look = F.softmax(self.where(h) + self.prior, dim=2)
        return self.what(torch.einsum('bpc,bdc->bpd', look, h))


def tensor(x, width, height):
    return 1 - torch.from_numpy(np.ascontiguousarray(x)).float().view(-1, 1, height, width) / 255


def train(folder, width, height, count, classes, seconds):
    torch.manual_seed(1)
    x = np.fromfile(folder + '/x.u8', np.uint8).reshape(-1, height * width)
    y = torch.from_numpy(np.fromfile(folder + '/y.u8', np.uint8).reshape(-1, count).astype(np.int64))
    held = min(1000, len(x) // 10)
    net, batch, most = Reader(width, height, count, classes), 64, 3e-3
    adam = torch.optim.AdamW(net.parameters(), lr=most, weight_decay=1e-3)
    random = np.random.default_rng(1)
    began, steps, seen = time.process_time(), 0, 0
    spent = 0.0
    while spent < seconds:
        order = random.permutation(len(x) - held) + held
        for i in range(0, len(order) - batch + 1, batch):
            spent = time.process_time() - began
            if spent >= seconds:
                break
            part = spent / seconds
            for group in adam.param_groups:  # up for a moment, then down along a cosine
                group['lr'] = most * min(1, steps / 100) * (0.02 + 0.98 * (1 + np.cos(np.pi * part)) / 2)
            pick = np.sort(order[i:i + batch])
            images = tensor(x[pick], width, height)
            # Each picture a little elsewhere, so that seeing it again is of use.
            images = torch.roll(images, (int(random.integers(-2, 3)), int(random.integers(-3, 4))), (2, 3))
            loss = F.cross_entropy(net(images).flatten(0, 1), y[pick].flatten())
            adam.zero_grad(set_to_none=True)
            loss.backward()
            adam.step()
            steps, seen = steps + 1, seen + batch
            if steps % 100 == 0:
                print(f'{spent:.0f} s, {seen} seen: {loss.item():.3f}', file=sys.stderr, flush=True)
    net.eval()
    with torch.no_grad():
        right = torch.cat([net(tensor(x[i:min(i + 250, held)], width, height)).argmax(2) for i in range(0, held, 250)]) == y[:held]
    torch.save(net.state_dict(), folder + '/net.pt')
    print(json.dumps({'seconds': spent, 'seen': seen, 'drawn': len(x), 'loss': loss.item(),
                      'exact': right.all(1).float().mean().item(), 'each': right.float().mean().item()}))


def read(folder, width, height, count, classes):
    net = Reader(width, height, count, classes)
    net.load_state_dict(torch.load(folder + '/net.pt'))
    net.eval()
    with torch.no_grad():
        for i, sure in enumerate(batches(net, width, height)):
            most, which = sure.max(1)
            print(json.dumps({'classes': which.tolist(), 'sure': most.sum().item()}), flush=True)


def batches(net, width, height):
    size = width * height
    while True:
        data = sys.stdin.buffer.read(size * 250)
        if len(data) < size:
            return
        x = np.frombuffer(data[:len(data) // size * size], np.uint8).reshape(-1, size)
        yield from F.log_softmax(net(tensor(x, width, height)), dim=2)


if __name__ == '__main__':
    torch.set_num_threads(1)
    verb, folder, numbers = sys.argv[1], sys.argv[2], [int(n) for n in sys.argv[3:]]
    {'train': train, 'read': read}[verb](folder, *numbers)
