// What every client program here speaks (../README.md); a client gives produce, consume and its admin operations.
import { createReadStream, createWriteStream, readFileSync } from 'node:fs'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

const UNSUPPORTED = 3

/** Yields arrays of up to `size` records {key, value}. */
export async function * batches (path, size) {
  let batch = []
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    const tab = line.indexOf('\t')
    batch.push({ key: line.slice(0, tab), value: line.slice(tab + 1) })
    if (batch.length === size) {
      yield batch
      batch = []
    }
  }
  if (batch.length) {
    yield batch
  }
}

export function unsupported (why) {
  console.error(why)
  process.exit(UNSUPPORTED)
}

async function dialog (operations) {
  for await (const line of createInterface({ input: process.stdin })) {
    const [name, ...words] = line.split(' ')
    let answer
    try {
      answer = operations[name] ? await operations[name](...words) ?? 'ok' : 'n/a'
    } catch (error) {
      const causes = (error.errors ?? []).map(cause => cause.message)
      answer = '! ' + [error.message, ...causes].join('; ').replaceAll(/\s+/g, ' ')
    }
    console.log(String(answer))
  }
}

/** Calls `read(write)`, which writes records into the file with it. */
async function written (path, read) {
  const out = createWriteStream(path)
  await read(async (partition, offset, key, value) => {
    const line = Buffer.concat([Buffer.from(`${partition}\t${offset}\t`), key, Buffer.from('\t'), value, Buffer.from('\n')])
    if (!out.write(line)) {
      await once(out, 'drain')
    }
  })
  out.end()
  await once(out, 'finish')
}

async function run ({ name, produce, consume, group, copy, admin }) {
  const [mode, bootstrap, topic, ...rest] = process.argv.slice(2)
  if (mode === 'produce' && rest.length === 2) {
    await produce(bootstrap, topic, rest[0], rest[1])
  } else if (mode === 'consume' && rest.length === 1 && consume) {
    await written(rest[0], write => consume(bootstrap, topic, write))
  } else if (mode === 'group' && rest.length === 3) {
    if (!group) {
      unsupported('joins no group here')
    }
    await written(rest[2], write => group(bootstrap, topic, rest[0], Number(rest[1]), write))
  } else if (mode === 'copy' && rest.length === 4) {
    if (!copy) {
      unsupported('copies nothing here')
    }
    await copy(bootstrap, topic, rest[0], rest[1], rest[2], Number(rest[3]))
  } else if (mode === 'version') {
    console.log(JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url))).version)
  } else if (mode === 'admin') {
    await dialog(await admin(bootstrap))
  } else {
    throw new Error('produce BOOTSTRAP TOPIC COMPRESSION FILE | consume BOOTSTRAP TOPIC FILE | ' +
      'group BOOTSTRAP TOPIC GROUP COUNT FILE | copy BOOTSTRAP FROM TO GROUP ID COUNT | admin BOOTSTRAP | version')
  }
}

/** `consume(bootstrap, topic, write)` calls write(partition, offset, key, value) and waits for what it gives. */
export async function main (client) {
  try {
    await run(client)
    process.exit(0) // connections may be open still
  } catch (error) {
    console.error(error.stack.split('\n').slice(0, 8).join('\n'))
    process.exit(1)
  }
}
