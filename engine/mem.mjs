import * as tf from '@tensorflow/tfjs'
import { createTrainer, adam } from '@pawprint/engine'
const m=tf.sequential({layers:[tf.layers.conv2d({filters:20,kernelSize:3,padding:'same',activation:'relu',inputShape:[16,16,3]}),tf.layers.maxPooling2d({poolSize:2}),tf.layers.dropout({rate:.3}),tf.layers.flatten(),tf.layers.dense({units:512,activation:'relu'}),tf.layers.dense({units:10,activation:'softmax'})]})
const N=2000,images=Uint8Array.from({length:N*768},()=>Math.random()*256),labels=Uint8Array.from({length:N},()=>Math.random()*10)
const t=await createTrainer(m,{loss:'categoricalCrossentropy',optimizer:adam(1e-4),seed:1})
let n=0,c=process.cpuUsage();for await(const e of t.fit({images,labels,height:16,width:16,channels:3,classCount:10},{epochs:60,batchSize:10}))if(n++%10==9){const d=process.cpuUsage(c);c=process.cpuUsage();console.log(e.epoch,(process.memoryUsage().rss/1e6).toFixed(0),e.samplesPerSecond.toFixed(0),'per cpu s',(20000/(d.user+d.system)*1e6).toFixed(0),e.loss.toFixed(3))}
