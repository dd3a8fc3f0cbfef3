/**
 * Runs in the old machine's Node, by `-e`: takes the request and the program's bytes from stdin, runs it if they are the ones that the
 * request announces, and leaves stdin to it. stdin is the line by which the program is spoken to afterwards, so it cannot be read to its
 * end, as `node -` would; and nothing stands in its argv, which every user of the machine can see. Any Node from 18 on. A read-only
 * account lets it through by this very text.
 */
export const BOOTSTRAP = [
  'const i=process.stdin,no=w=>{process.stderr.write("Error: "+w+"\\n",()=>process.exit(70))};',
  'let q=null,c=[],g=0;',
  'const end=()=>process.exit(0),off=()=>i.off("data",on).off("end",end).pause();',
  'const ask=t=>{try{const {bytes,sha256}=JSON.parse(Buffer.from(process.argv[1]=t,"base64")).program;return{bytes,sha256}}catch{off();no("the request did not arrive as it was sent")}};',
  'const on=b=>{',
  'if(!q){const e=b.indexOf(10);c.push(e<0?b:b.subarray(0,e));if(e<0)return;',
  'q=ask(Buffer.concat(c).toString());if(!q)return;c=[];b=b.subarray(e+1)}',
  'c.push(b);g+=b.length;if(g<q.bytes)return;',
  'off();',
  'const a=Buffer.concat(c),t=a.subarray(0,q.bytes);',
  'if(require("crypto").createHash("sha256").update(t).digest("hex")!==q.sha256)return no("the program did not arrive as it was sent");',
  'if(g>q.bytes)i.unshift(a.subarray(q.bytes));',
  'c=null;require("vm").compileFunction(t.toString(),["require","module","exports"],{filename:"neo-pull-watcher"})(require,{exports:{}},{})};',
  'if(parseInt(process.versions.node)<18)no("Node "+process.versions.node+" is older than 18");',
  'else i.on("data",on).on("end",end);',
].join('');

/**
 * All that stands behind the Node. The young generation of the heap is kept small: a machine with 1 GB must not feel a
 * watcher that has nothing to do.
 */
export const LAUNCH: readonly string[] = ['--max-semi-space-size=1', '--input-type=commonjs', '-e', BOOTSTRAP];
