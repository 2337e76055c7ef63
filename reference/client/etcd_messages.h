// The client's plain structures to and from the messages of the wire. A caller includes the generated
// header itself.
#pragma once

#include "reference/client/etcd.h"

namespace etcdserverpb {
class RangeRequest;
class RangeResponse;
class TxnRequest;
class TxnResponse;
class WatchRequest;
}  // namespace etcdserverpb
namespace mvccpb {
class Event;
class KeyValue;
}  // namespace mvccpb

namespace kp::client {

etcdserverpb::RangeRequest ToMessage(const EtcdRange& range);
etcdserverpb::TxnRequest ToMessage(const EtcdGuardedWrite& write);
etcdserverpb::WatchRequest ToMessage(const EtcdWatchOptions& options);

EtcdKeyValue FromMessage(mvccpb::KeyValue kv);
EtcdRangeResult FromMessage(etcdserverpb::RangeResponse reply);
EtcdWriteResult FromMessage(etcdserverpb::TxnResponse reply);
EtcdEvent FromMessage(mvccpb::Event event);

}  // namespace kp::client
