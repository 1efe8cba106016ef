/** Packs that are folders, as Digital Rebar's command line bundles them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parsePack } from '../../src/content/pack.ts';
import { bundleOf, type FolderFile } from '../../src/content/pack-folder.ts';
import { TinsmithError } from '../../src/errors.ts';

const FILES: readonly FolderFile[] = Object.entries({
  '._Name.meta': 'rack\n',
  '._Version.meta': '1.10',
  '._Prerequisites.meta': 'other: >=4.6.0',
  'README.md': '# Rack',
  '.git/config': 'x',
  'tasks/greet.yml': '---\nName: greet\nTemplates:\n  - {Name: greet, ID: greet.sh.tmpl}\n',
  'tasks/nested/other.yaml': 'Templates: []\n',
  'stages/hello.json': '{"Name": "hello", "Tasks": ["greet", "nested/other"]}',
  'params/rack-place.yaml': 'Name: rack/place\nSchema: {type: string}\n',
  'templates/greet.sh.tmpl': '#!/bin/sh\necho {{ .Machine.Name }}\n',
  'templates/conf.yaml': 'just: a file\n',
  'templates/shared.yml': 'ID: shared.tmpl\nContents: |\n  {{ .Machine.Name }}\n',
  'templates/.hidden': 'x',
  'plugins/ipmi.yml': 'Name: ipmi\nProvider: ipmi\n',
  'docs/page.yml': 'title: no object\n',
}).map(([path, text]) => ({ path, text }));

describe('a pack that is a folder', () => {
  it('has an object in each file, and templates as they are', () => {
    const { document, problems } = bundleOf('folder', FILES);
    assert.deepEqual(problems, []);
    const { meta, objects, unsupported } = parsePack(JSON.stringify(document));
    assert.deepEqual([meta.name, meta.version], ['rack', '1.10']);
    assert.deepEqual(
      Object.entries(objects).flatMap(([section, all]) =>
        all.map((each) => `${section} ${'id' in each ? each.id : each.name}`),
      ),
      [
        ...['params rack/place', 'stages hello', 'tasks greet', 'tasks nested/other'],
        ...['templates conf.yaml', 'templates greet.sh.tmpl', 'templates shared.tmpl'],
      ],
    );
    assert.deepEqual(
      objects.templates.map(({ contents }) => contents),
      ['just: a file\n', '#!/bin/sh\necho {{ .Machine.Name }}\n', '{{ .Machine.Name }}\n'],
    );
    assert.deepEqual(unsupported, ['meta: Prerequisites', 'plugins: ipmi']);
  });

  it('is called as its folder is, where nothing says how', () => {
    assert.deepEqual(bundleOf('folder', []).document, { meta: { Name: 'folder' }, sections: {} });
  });

  it('has the file of what is wrong, and its place there', () => {
    const { document, problems, placed } = bundleOf('folder', [
      { path: 'tasks/a.yml', text: 'Name: a\nTasx: 1\n' },
      { path: 'tasks/b.yml', text: 'Name: a\n' },
      { path: 'tasks/c.yml', text: 'Name: [\n' },
      { path: 'stages/d.yml', text: 'Name: d\nTemplates:\n  - Name: x\n    Path: y\n' },
      { path: '._Name.meta', text: 'not a name' },
    ]);
    assert.deepEqual(
      problems.map(({ file, line, message }) => [file, line, message.slice(0, 28)]),
      [
        ['tasks/b.yml', 1, 'tasks/a is in tasks/a.yml al'],
        ['tasks/c.yml', 2, 'YAML: Flow sequence in block'],
      ],
    );
    try {
      parsePack(JSON.stringify(document));
      assert.fail();
    } catch (error) {
      assert.ok(error instanceof TinsmithError);
      assert.deepEqual(
        error.problems.map(placed).map(({ file, line, column }) => [file, line, column]),
        [
          ['._Name.meta', 1, 1],
          ['stages/d.yml', 3, 5],
          ['tasks/a.yml', 2, 7],
        ],
      );
    }
    const inText = { field: 'stages/d: templates[0].contents', message: 'line 1, column 2: wrong' };
    assert.equal(placed(inText).file, 'stages/d.yml');
    assert.deepEqual(placed({ field: 'tasks/nowhere: x', message: 'm' }), { field: 'tasks/nowhere: x', message: 'm' });
  });
});
