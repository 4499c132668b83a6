// Checks the official ClickHouse client against a server: node --test check.mjs, with the server's address in CLICKHOUSE_URL
// and the address of one that asks for a password (anna, secret) in CLICKHOUSE_LOCKED_URL. Run by ../httpapi/jsclient_test.go.
import { createClient, ClickHouseError } from '@clickhouse/client'
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'

const url = process.env.CLICKHOUSE_URL
const lockedURL = process.env.CLICKHOUSE_LOCKED_URL
const database = `js_${randomUUID().replaceAll('-', '')}`
const admin = createClient({ url })
const client = createClient({ url, database, compression: { request: true, response: true } })

before(async () => {
  await admin.command({ query: `CREATE DATABASE ${database}` })
  await client.command({ query: 'CREATE TABLE t (id UInt32, name String, at DateTime64(3, \'UTC\')) ENGINE = MergeTree ORDER BY id' })
})

after(async () => {
  await admin.command({ query: `DROP DATABASE ${database} SYNC` })
  await client.close()
  await admin.close()
})

const fails = (promise, code, type) =>
  assert.rejects(promise, (error) => {
    assert.ok(error instanceof ClickHouseError, `not a ClickHouseError: ${error}`)
    assert.equal(error.code, String(code))
    assert.equal(error.type, type)
    return true
  })

test('ping', async () => {
  assert.deepEqual(await client.ping(), { success: true })
  assert.equal((await client.ping({ select: true })).success, true)
})

test('query in JSON formats', async () => {
  const query = 'SELECT number AS n, toString(number) AS s FROM numbers(3)'
  const json = await (await client.query({ query, format: 'JSON' })).json()
  assert.equal(json.rows, 3)
  assert.deepEqual(json.meta, [{ name: 'n', type: 'UInt64' }, { name: 's', type: 'String' }])
  assert.deepEqual(json.data.map((row) => row.s), ['0', '1', '2'])
  const rows = await (await client.query({ query, format: 'JSONEachRow' })).json()
  assert.deepEqual(rows.map((row) => Number(row.n)), [0, 1, 2])
  const compact = await (await client.query({ query, format: 'JSONCompactEachRow' })).json()
  assert.equal(compact.length, 3)
  assert.deepEqual(await (await client.query({ query: 'SELECT 1 WHERE 0', format: 'JSONEachRow' })).json(), [])
})

test('query in text formats', async () => {
  const query = 'SELECT number AS n, \'a,b\' AS s FROM numbers(2)'
  assert.equal(await (await client.query({ query, format: 'CSV' })).text(), '0,"a,b"\n1,"a,b"\n')
  assert.equal(await (await client.query({ query, format: 'CSVWithNames' })).text(), '"n","s"\n0,"a,b"\n1,"a,b"\n')
  assert.equal(await (await client.query({ query, format: 'TabSeparated' })).text(), '0\ta,b\n1\ta,b\n')
})

test('select as a stream', async () => {
  const wanted = 200_000
  const result = await client.query({ query: `SELECT number AS n FROM numbers(${wanted})`, format: 'JSONEachRow' })
  let count = 0
  for await (const rows of result.stream()) count += rows.length
  assert.equal(count, wanted)
})

test('insert values and streams', async () => {
  await client.insert({ table: 't', values: [{ id: 1, name: 'it\'s \\ "é"\n', at: '2026-01-02 03:04:05.678' }], format: 'JSONEachRow' })
  await client.insert({ table: 't', values: [{ name: 'only a name' }], format: 'JSONEachRow', columns: ['name'] })
  const lines = (function* () {
    for (let id = 10; id < 5010; id++) yield { id, name: `n${id}`, at: '2026-01-01 00:00:00.000' }
  })()
  await client.insert({ table: 't', values: Readable.from(lines, { objectMode: true }), format: 'JSONEachRow' })
  await client.insert({ table: 't', values: Readable.from(['6000,"c, d",2026-01-01 00:00:00\n', '6001,"e",2026-01-01 00:00:00\n'], { objectMode: false }), format: 'CSV' })
  const rows = await (await client.query({ query: 'SELECT count() AS c, anyIf(name, id = 1) AS n, anyIf(name, id = 6000) AS csv FROM t', format: 'JSONEachRow' })).json()
  assert.equal(Number(rows[0].c), 5004)
  assert.equal(rows[0].n, 'it\'s \\ "é"\n')
  assert.equal(rows[0].csv, 'c, d')
  const empty = await client.insert({ table: 't', values: [], format: 'JSONEachRow' })
  assert.equal(empty.executed, false)
})

test('command, exec and summary', async () => {
  const { query_id: id, summary } = await client.command({ query: 'INSERT INTO t (id) SELECT number FROM numbers(7)', clickhouse_settings: { wait_end_of_query: 1 } })
  assert.match(id, /^[0-9a-f-]{36}$/)
  assert.equal(summary.written_rows, '7')
  const { stream } = await client.exec({ query: 'SELECT 42 FORMAT TabSeparated' })
  let text = ''
  for await (const chunk of stream) text += chunk
  assert.equal(text, '42\n')
})

test('query parameters', async () => {
  const awkward = 'it\'s "q" \\ \t tab \n line π {x:String}'
  const result = await client.query({
    query: 'SELECT {s:String} AS s, {n:UInt8} AS n, {a:Array(String)} AS a, {m:Map(String, UInt8)} AS m, {d:DateTime(\'UTC\')} AS d, {z:Nullable(String)} AS z, {b:Bool} AS b',
    query_params: { s: awkward, n: 7, a: ['it\'s', 'b\\c'], m: { k: 1 }, d: new Date('2026-01-02T03:04:05Z'), z: null, b: true },
    format: 'JSONEachRow',
  })
  assert.deepEqual(await result.json(), [{ s: awkward, n: 7, a: ['it\'s', 'b\\c'], m: { k: 1 }, d: '2026-01-02 03:04:05', z: null, b: true }])
})

test('settings and query_id', async () => {
  const query_id = randomUUID()
  const result = await client.query({ query: 'SELECT getSetting(\'max_threads\') AS t', format: 'JSONEachRow', clickhouse_settings: { max_threads: 3 }, query_id })
  assert.equal(result.query_id, query_id)
  assert.deepEqual((await result.json()).map((row) => Number(row.t)), [3])
})

test('errors have a code and a type', async () => {
  await fails(client.query({ query: 'SELECT * FROM nobody' }), 60, 'UNKNOWN_TABLE')
  await fails(client.query({ query: 'selec 1' }), 62, 'SYNTAX_ERROR')
  await fails(client.command({ query: 'SELECT throwIf(1)' }), 395, 'FUNCTION_THROW_IF_VALUE_IS_NON_ZERO')
  await fails(client.query({ query: 'SELECT 1', clickhouse_settings: { nobody: 1 } }), 115, 'UNKNOWN_SETTING')
  await fails(client.insert({ table: 'nobody', values: [{ a: 1 }], format: 'JSONEachRow' }), 60, 'UNKNOWN_TABLE')
  await fails(client.query({ query: 'SELECT file(\'/etc/hostname\')' }), 497, 'ACCESS_DENIED')
})

test('an error in the middle of a stream', async () => {
  await assert.rejects(async () => {
    const result = await client.query({ query: 'SELECT throwIf(number = 500000) FROM numbers(1000000) SETTINGS max_threads = 1', format: 'JSONEachRow' })
    for await (const rows of result.stream()) void rows
  })
})

test('abort_signal kills the statement', async () => {
  const marker = `marker_${randomUUID()}`
  const controller = new AbortController()
  const running = client.query({ query: `SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1 AND '${marker}' != ''`, abort_signal: controller.signal })
  const count = async () => {
    const rows = await (await client.query({
      query: 'SELECT count() AS c FROM system.processes WHERE position(query, {m:String}) > 0 AND position(query, \'system.processes\') = 0',
      query_params: { m: marker }, format: 'JSONEachRow',
    })).json()
    return Number(rows[0].c)
  }
  const until = async (wanted) => {
    for (const deadline = Date.now() + 15_000; (await count()) !== wanted;) assert.ok(Date.now() < deadline, `not ${wanted} statements in time`)
  }
  await until(1)
  controller.abort()
  await assert.rejects(running, /abort/i)
  await until(0)
})

test('authentication', async () => {
  const right = createClient({ url: lockedURL, username: 'anna', password: 'secret' })
  assert.deepEqual(await (await right.query({ query: 'SELECT 1 AS one', format: 'JSONEachRow' })).json(), [{ one: 1 }])
  await right.close()
  const wrong = createClient({ url: lockedURL, username: 'anna', password: 'guess' })
  await fails(wrong.query({ query: 'SELECT 1' }), 516, 'AUTHENTICATION_FAILED')
  await wrong.close()
})

test('session_id is refused in so many words', async () => {
  const session = createClient({ url, session_id: 'mine' })
  await assert.rejects(session.query({ query: 'SELECT 1' }), (error) => {
    assert.equal(error.code, '48')
    assert.match(error.message, /session_id/)
    return true
  })
  await session.close()
})
