#include "reference/client/kubeconfig.h"

#include "reference/api/yaml.h"
#include "reference/base/strings.h"

namespace kp::client {
namespace {

using api::Obj;
using api::Value;

Status Bad(const std::string& what) { return {Code::kInvalidArgument, "kubeconfig: " + what}; }

// The entry of a named list: clusters[].cluster, users[].user, contexts[].context.
Result<Value> Find(const Value& config, std::string_view list, std::string_view entry, std::string_view name) {
  for (const Value& item : config[list].items()) {
    if (item["name"].AsString() == name) return item[entry];
  }
  return Bad("no " + std::string(entry) + " named " + Quote(name));
}

// `KEY-data` in base64, or the file that `KEY` names; "" when neither is given.
Result<std::string> Material(const Value& entry, const std::string& key, const KubeconfigFiles& files) {
  const Value& data = entry[key + "-data"];
  if (!data.empty()) {
    auto bytes = Base64Decode(data.AsString());
    if (!bytes) return Bad(key + "-data is not base64");
    return *bytes;
  }
  if (entry[key].empty()) return std::string();
  if (!files.read) return Bad(key + " names a file, which cannot be read here");
  auto read = files.read(entry[key].str());
  if (!read.ok()) return Bad(key + ": " + read.status().message());
  return *read;
}

// "https://127.0.0.1:6443/" -> host and port, and whether TLS is on.
Status ParseServer(std::string_view url, KubeClientOptions& options) {
  std::string_view rest = url;
  bool tls = ConsumePrefix(rest, "https://");
  if (!tls && !ConsumePrefix(rest, "http://")) return Bad("server " + Quote(url) + " is no http or https URL");
  while (rest.ends_with("/")) rest.remove_suffix(1);
  if (rest.find('/') != std::string_view::npos)
    return Bad("server " + Quote(url) + " has a path, which is not supported");
  std::string address(rest);
  if (rest.find(':') == std::string_view::npos) address += tls ? ":443" : ":80";
  options.servers = {address};
  options.tls.mode = tls ? transport::TlsOptions::Mode::kTls : transport::TlsOptions::Mode::kNone;
  return Status::Ok();
}

}  // namespace

Result<KubeClientOptions> ParseKubeconfig(std::string_view text, const KubeconfigFiles& files,
                                          const std::string& context_name) {
  Result<Value> config = api::ParseYaml(text);
  if (!config.ok()) return Bad(config.status().message());
  std::string name = context_name.empty() ? (*config)["current-context"].str() : context_name;
  if (name.empty()) return Bad("no current-context");
  Result<Value> context = Find(*config, "contexts", "context", name);
  if (!context.ok()) return context.status();
  Result<Value> cluster = Find(*config, "clusters", "cluster", (*context)["cluster"].AsString());
  if (!cluster.ok()) return cluster.status();
  Result<Value> user = Find(*config, "users", "user", (*context)["user"].AsString());
  if (!user.ok()) return user.status();
  KubeClientOptions options;
  Status server = ParseServer((*cluster)["server"].AsString(), options);
  if (!server.ok()) return server;
  options.tls.insecure = (*cluster)["insecure-skip-tls-verify"].AsBool();
  options.tls.server_name = (*cluster)["tls-server-name"].str();
  struct Part {
    const Value& entry;
    const char* key;
    std::string& to;
  };
  for (const Part& part : {Part{*cluster, "certificate-authority", options.tls.ca_pem},
                           Part{*user, "client-certificate", options.tls.certificate_pem},
                           Part{*user, "client-key", options.tls.key_pem}}) {
    Result<std::string> material = Material(part.entry, part.key, files);
    if (!material.ok()) return material.status();
    part.to = *material;
  }
  options.bearer_token = (*user)["token"].str();
  if (options.bearer_token.empty() && !(*user)["tokenFile"].empty() && files.read) {
    auto token = files.read((*user)["tokenFile"].str());
    if (!token.ok()) return Bad("tokenFile: " + token.status().message());
    options.bearer_token = Trim(*token);
  }
  return options;
}

std::string FormatKubeconfig(const std::string& name, const std::string& server, const KubeClientOptions& options) {
  Value cluster = Obj({{"server", server}});
  if (!options.tls.ca_pem.empty()) {
    cluster = cluster.With("certificate-authority-data", Base64Encode(options.tls.ca_pem));
  }
  Value user = Value::EmptyObject();
  if (!options.tls.certificate_pem.empty()) {
    user = user.With("client-certificate-data", Base64Encode(options.tls.certificate_pem))
               .With("client-key-data", Base64Encode(options.tls.key_pem));
  }
  if (!options.bearer_token.empty()) user = user.With("token", options.bearer_token);
  Value config =
      Obj({{"apiVersion", "v1"},
           {"kind", "Config"},
           {"current-context", name},
           {"clusters", api::Arr({Obj({{"name", name}, {"cluster", cluster}})})},
           {"users", api::Arr({Obj({{"name", name}, {"user", user}})})},
           {"contexts", api::Arr({Obj({{"name", name}, {"context", Obj({{"cluster", name}, {"user", name}})}})})}});
  return api::ToYaml(config);
}

}  // namespace kp::client
