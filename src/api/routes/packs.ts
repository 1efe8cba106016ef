/** `/api/v1/packs`: content packs, whose objects come and go together. */
import { parse } from 'yaml';
import { z } from 'zod';
import { packToYaml, parsePack } from '../../content/pack.ts';
import { type Operation, operation } from '../openapi/index.ts';
import { presentPack } from '../present-content.ts';
import type { Services } from '../services.ts';
import { packAdded, packFormatQuery, packInfo, packQuery, packRemoved } from '../shapes/content.ts';
import { data } from '../shapes/page.ts';

const YAML = 'application/yaml';

export function packOperations({ content }: Services): Operation[] {
  return [
    operation(
      {
        id: 'listPacks',
        method: 'get',
        path: '/packs',
        summary: 'Content packs: those that are built in, and those that were added.',
        answer: { kind: 'json', shape: data(z.array(packInfo)) },
      },
      () => ({ data: content.packs().map(presentPack) }),
    ),
    operation(
      {
        id: 'addPack',
        method: 'post',
        path: '/packs',
        summary: 'Add a content pack, YAML or JSON as Digital Rebar has it, or replace the one of its name.',
        query: packQuery,
        body: { kind: 'text', type: YAML, limit: '64mb' },
        answer: { kind: 'json', shape: data(packAdded) },
        codes: ['CONFLICT'],
        tagged: true,
      },
      async ({ query: { dryRun = false }, body, conditions }) => {
        const { info, changes } = await content.addPack(parsePack(body), { dryRun, allow: conditions.allow });
        return { data: { dryRun, pack: presentPack(info), changes } };
      },
    ),
    operation(
      {
        id: 'getPack',
        method: 'get',
        path: '/packs/:name',
        summary: 'A content pack as it can be added again, here or elsewhere.',
        query: packFormatQuery,
        answer: {
          kind: 'written',
          types: { [YAML]: 'The pack.', 'application/json': 'The same, for `format=json`.' },
        },
        codes: ['NOT_FOUND'],
        tagged: true,
      },
      ({ params, query, conditions, res }) => {
        const pack = content.pack(params.name);
        conditions.shows(pack);
        if (conditions.isKnown) {
          res.status(304).end();
          return;
        }
        const text = packToYaml(pack);
        if (query.format === 'json') res.json(parse(text));
        else res.type(YAML).send(text);
      },
    ),
    operation(
      {
        id: 'removePack',
        method: 'delete',
        path: '/packs/:name',
        summary: 'Remove a content pack with its objects, which nothing may use any more.',
        answer: { kind: 'json', shape: data(packRemoved) },
        codes: ['NOT_FOUND', 'CONFLICT'],
        tagged: true,
      },
      async ({ params, conditions }) => ({ data: await content.removePack(params.name, conditions.allow) }),
    ),
  ];
}
