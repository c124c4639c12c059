// wechatpay-axios-plugin refunds and queries, by platform certificate and by public key. JSON in, JSON out.
const { Wechatpay, Aes, Rsa, Formatter } = require('wechatpay-axios-plugin');

const told = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
const client = (certs) => new Wechatpay({
  mchid: told.mchid, serial: told.serial, privateKey: told.privateKey, certs, baseURL: `${told.url}/`,
});
const key = () => client({ [told.publicKeyId]: told.publicKey, [told.certificateSerial]: told.certificate });
const named = { headers: { 'Wechatpay-Serial': told.publicKeyId } };
const no = (error) => ({ status: error.response.status, code: error.response.data.code });

async function main() {
  const wx = key();
  const body = (no_, fen) => ({
    transaction_id: told.tradeNo, out_refund_no: no_, amount: { refund: fen, total: 10000, currency: 'CNY' },
  });
  const refunds = wx.v3.refund.domestic.refunds;
  const found = {
    refunded: (await refunds.post(body('N1', 4000))).data,
    again: (await refunds.post(body('N1', 4000), named)).data,
    other: await refunds.post(body('N1', 4001)).catch(no),
    over: await refunds.post(body('N2', 6001)).catch(no),
    query: (await refunds._out_refund_no_.get({ out_refund_no: 'N1' })).data,
    never: await refunds._out_refund_no_.get({ out_refund_no: 'N9' }).catch(no),
  };
  const { data: [certificate] } = (await wx.v3.certificates.get()).data;
  const { nonce, associated_data: about, ciphertext } = certificate.encrypt_certificate;
  found.certificate = Aes.AesGcm.decrypt(ciphertext, told.apiV3Key, nonce, about);
  const bill = (await wx.v3.bill.tradebill.get({ params: { bill_date: told.day, bill_type: 'ALL' } })).data;
  const url = new URL(bill.download_url);
  const file = await wx.client.request(url.pathname, 'GET', undefined, {
    params: Object.fromEntries(url.searchParams), responseType: 'arraybuffer', transformResponse: [],
  });
  found.bill = Formatter.castCsvBill(file.data);
  const { headers, body: text } = told.notice;
  found.signed = Rsa.verify(
    Formatter.response(headers['Wechatpay-Timestamp'], headers['Wechatpay-Nonce'], text),
    headers['Wechatpay-Signature'], told.publicKey,
  );
  const { resource } = JSON.parse(text);
  found.notice = JSON.parse(Aes.AesGcm.decrypt(
    resource.ciphertext, told.apiV3Key, resource.nonce, resource.associated_data,
  ));
  console.log(JSON.stringify(found));
}
main().catch((error) => { console.error(error); process.exit(1); });
