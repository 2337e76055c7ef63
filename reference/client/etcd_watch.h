// One watch on a stream of its own.
#pragma once

#include <memory>

#include "reference/client/etcd.h"
#include "reference/transport/grpc.h"

namespace kp::client {

std::unique_ptr<EtcdWatch> OpenWatch(transport::GrpcChannel& channel, const EtcdWatchOptions& options,
                                     EtcdWatchHandler* handler);

}  // namespace kp::client
