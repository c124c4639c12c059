// Alipay's official SDK refunds and queries. Input: JSON on stdin; output: one JSON object.
const { AlipaySdk } = require('alipay-sdk');

const told = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
const sdk = new AlipaySdk({
  appId: told.appId, privateKey: told.privateKey, keyType: 'PKCS8', alipayPublicKey: told.publicKey,
  gateway: `${told.url}/gateway.do`,
});
const call = (method, bizContent) => sdk.exec(method, { bizContent }, { validateSign: true });
const refund = (amount, outRequestNo) =>
  call('alipay.trade.refund', { tradeNo: told.tradeNo, refundAmount: amount, outRequestNo });

async function main() {
  const found = {
    refunded: await refund('40.00', 'N1'),
    again: await refund('40.00', 'N1'),
    other: await refund('41.00', 'N1'),
    over: await refund('60.01', 'N2'),
    query: await call('alipay.trade.fastpay.refund.query', {
      tradeNo: told.tradeNo, outRequestNo: 'N1', queryOptions: ['deposit_back_info', 'gmt_refund_pay'],
    }),
    never: await call('alipay.trade.fastpay.refund.query', { tradeNo: told.tradeNo, outRequestNo: 'N9' }),
    trade: await call('alipay.trade.query', { tradeNo: told.tradeNo }),
    nowhere: await call('alipay.trade.query', { tradeNo: 'T-0' }),
    notice: sdk.checkNotifySignV2(Object.fromEntries(new URLSearchParams(told.notice))),
    forged: sdk.checkNotifySignV2(Object.fromEntries(new URLSearchParams(told.forged))),
  };
  console.log(JSON.stringify(found));
}
main().catch((error) => { console.error(error); process.exit(1); });
