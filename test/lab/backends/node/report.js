'use strict';
// What every app of this folder writes of a request: which handler ran and
// which account and password it took.

const fs = require('node:fs');
const path = require('node:path');

// scalars lists the texts in what a body parser made of a field: a text, a
// list, or a map as in user[name]=x.
function scalars(value) {
  if (value === undefined || value === null) return [];
  if (Buffer.isBuffer(value)) return [value.toString()];
  if (typeof value === 'object') return Object.values(value).flatMap(scalars);
  return [String(value)];
}

const encode = (value) => scalars(value).map((text) => Buffer.from(text).toString('base64'));

// reporter returns a function that appends one line to the app's log before
// the answer goes out.
module.exports = function reporter(backend) {
  const file = fs.openSync(path.join(process.env.LAB_LOGS, `${backend}.jsonl`), 'a');
  return (req, handler, account, password) => {
    fs.writeSync(file, JSON.stringify({
      id: String(req.headers['x-lab-id'] ?? ''), ref: String(req.headers['x-lab-ref'] ?? ''), handler,
      accounts: encode(account), passwords: encode(password),
    }) + '\n');
    return handler === 'login' ? 401 : 200;
  };
};
