// Another stand-in for Stripe, on the port that is told; it writes one line when it is up.
const { createExpressApp } = require('stripe-stateful-mock');

const port = Number(process.argv[2]);
createExpressApp().listen(port, '127.0.0.1', () => console.log('up'));
