import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Option, readAddress, readU16 } from '../../../src/boots/dhcp/options.ts';
import { classlessRoutes, domainSearch } from '../../../src/boots/dhcp/routes-and-names.ts';
import { network, replyTo, request } from './requests.ts';

const hex = (bytes: Buffer | undefined) => bytes?.toString('hex');

describe('options of a network', () => {
  it('write routes with the bytes that count, and the router for who reads nothing else (RFC 3442)', () => {
    const routes = [
      { address: '10.229.0.128', prefix: 25, via: '10.229.0.1' },
      { address: '10.17.0.0', prefix: 16, via: '10.229.0.2' },
      { address: '192.168.7.9', prefix: 32, via: '10.229.0.3' },
    ];
    assert.equal(hex(classlessRoutes(routes, [])), '190ae500800ae50001100a110ae5000220c0a807090ae50003');
    assert.equal(hex(classlessRoutes([], ['10.0.0.1'])), '000a000001');
    const ownDefault = [{ address: '0.0.0.0', prefix: 0, via: '10.0.0.9' }];
    assert.equal(hex(classlessRoutes(ownDefault, ['10.0.0.1'])), '000a000009');
  });

  it('write search domains as DNS does (RFC 3397)', () => {
    assert.equal(domainSearch(['a.bc', 'lab.']).toString('latin1'), '\x01a\x02bc\x00\x03lab\x00');
    assert.equal(domainSearch(['', 'a..b', 'x'.repeat(64)]).length, 0);
  });

  it('are given to who asks for them, after what the machine’s own data say', () => {
    const around = network('reservation', {
      routers: ['10.77.0.1'],
      nameServers: ['10.77.0.9'],
      mtu: 9000,
      searchDomains: ['lab.example'],
      routes: [{ address: '10.1.0.0', prefix: 16, via: '10.77.0.7' }],
      options: new Map([
        [Option.DHCP_MESSAGE_TYPE, Buffer.of(9)],
        [176, Buffer.from('own')],
        [177, Buffer.from('not asked for')],
      ]),
    });
    const asked = { [Option.PARAMETER_REQUEST_LIST]: Buffer.of(1, 3, 6, 26, 53, 119, 121, 176) };
    const { options } = replyTo(request('DISCOVER', {}, asked), { network: around }).packet;
    assert.equal(readAddress(options, Option.ROUTER), '10.77.0.254');
    assert.equal(hex(options.get(Option.DOMAIN_NAME_SERVER)), '0a4d00020a4d0003');
    assert.equal(readU16(options, Option.INTERFACE_MTU), 9000);
    assert.equal(hex(options.get(Option.CLASSLESS_STATIC_ROUTE)), '100a010a4d0007000a4d00fe');
    assert.ok(options.has(Option.DOMAIN_SEARCH));
    assert.deepEqual(options.get(Option.DHCP_MESSAGE_TYPE), Buffer.of(2));
    assert.equal(options.get(176)?.toString(), 'own');
    assert.equal(options.has(177), false);
  });
});
