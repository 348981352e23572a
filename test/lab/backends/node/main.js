'use strict';
// All apps in one process, each on a port of its own:
//
//   LAB_LOGS=DIR node main.js express4=PORT express5=PORT fastify=PORT koa=PORT graphql=PORT

const starters = {
  express4: (port) => require('./express')(require('express4'), 'express4', port, true),
  express5: (port) => require('./express')(require('express5'), 'express5', port, false),
  fastify: require('./fastify'),
  koa: require('./koa'),
  graphql: require('./graphql'),
};

for (const arg of process.argv.slice(2)) {
  const [name, port] = arg.split('=');
  starters[name](Number(port));
}
