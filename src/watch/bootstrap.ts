/**
 * Runs in the old machine's Node, by `-e`: takes the program's bytes from stdin, runs it if they are the ones that were announced,
 * and leaves stdin to it. stdin is the line by which the program is spoken to afterwards, so it cannot be read to its end, as `node -`
 * would. Any Node from 18 on. A read-only account lets it through by this very text.
 */
export const BOOTSTRAP = [
  'const q=JSON.parse(Buffer.from(process.argv[1],"base64")),i=process.stdin,n=q.program.bytes;',
  'let c=[],g=0;',
  'const no=w=>{process.stderr.write("Error: "+w+"\\n",()=>process.exit(70))};',
  'const end=()=>process.exit(0);',
  'const on=b=>{c.push(b);g+=b.length;if(g<n)return;',
  'i.off("data",on).off("end",end).pause();',
  'const a=Buffer.concat(c),t=a.subarray(0,n);',
  'if(require("crypto").createHash("sha256").update(t).digest("hex")!==q.program.sha256)return no("the program did not arrive as it was sent");',
  'if(g>n)i.unshift(a.subarray(n));',
  'c=null;require("vm").compileFunction(t.toString(),["require","module","exports"],{filename:"neo-pull-watcher"})(require,{exports:{}},{})};',
  'if(parseInt(process.versions.node)<18)no("Node "+process.versions.node+" is older than 18");',
  'else i.on("data",on).on("end",end);',
].join('');

/**
 * What goes between the Node and the request. The young generation of the heap is kept small: a machine with 1 GB must not feel a
 * watcher that has nothing to do.
 */
export const LAUNCH: readonly string[] = ['--max-semi-space-size=1', '--input-type=commonjs', '-e', BOOTSTRAP];
