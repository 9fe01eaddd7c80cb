//! The manifests: each names what the others define.

use super::{at, documents, end_ms, list, string};
use serde_yaml_ng::Value;

const FILES: &[&str] =
    &["kubernetes/config.yaml", "kubernetes/migrate.yaml", "kubernetes/serve.yaml", "kubernetes/work.yaml"];

fn every() -> Vec<Value> {
    FILES.iter().flat_map(|name| documents(name)).collect()
}

fn of_kind(kind: &str) -> Vec<Value> {
    every().into_iter().filter(|document| document["kind"] == kind).collect()
}

fn names(kind: &str) -> Vec<String> {
    of_kind(kind).iter().map(|document| string(document, "metadata.name")).collect()
}

#[test]
fn each_document_is_an_object_of_our_namespace() {
    for document in every() {
        let kind = string(&document, "kind");
        assert!(document["apiVersion"].is_string(), "{kind}");
        let is_named = at(&document, "metadata.name").is_string() || at(&document, "metadata.generateName").is_string();
        assert!(is_named, "{kind}");
        assert!(kind == "Namespace" || string(&document, "metadata.namespace") == "backlot", "{kind}");
    }
}

#[test]
fn deployments_are_probed_without_rights_and_may_end_in_peace() {
    let map = of_kind("ConfigMap").remove(0);
    let needed_ms = end_ms(map["data"]["config.toml"].as_str().expect("the configuration")) + 15_000;
    for deployment in of_kind("Deployment") {
        let pod = at(&deployment, "spec.template.spec");
        let container = at(pod, "containers.0");
        let ports: Vec<String> = list(container, "ports").iter().map(|port| string(port, "name")).collect();
        for (probe, route) in
            [("startupProbe", "/healthz"), ("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")]
        {
            assert_eq!(string(container, &format!("{probe}.httpGet.path")), route);
            assert!(ports.contains(&string(container, &format!("{probe}.httpGet.port"))), "{probe}");
        }
        let grace_s = at(pod, "terminationGracePeriodSeconds").as_i64().expect("it has a grace period");
        assert!(grace_s * 1_000 >= needed_ms, "{grace_s} s are shorter than {needed_ms} ms");
        assert_eq!(at(pod, "securityContext.runAsNonRoot"), &Value::Bool(true));
        assert_eq!(at(container, "securityContext.readOnlyRootFilesystem"), &Value::Bool(true));
        assert_eq!(at(container, "securityContext.allowPrivilegeEscalation"), &Value::Bool(false));
        let labels = at(&deployment, "spec.template.metadata.labels");
        assert_eq!(at(&deployment, "spec.selector.matchLabels"), labels);
    }
    assert_eq!(names("Deployment"), ["backlot-serve", "backlot-work"]);
}

#[test]
fn what_is_mounted_is_defined() {
    let pods = of_kind("Deployment").into_iter().chain(of_kind("Job"));
    for owner in pods {
        let pod = at(&owner, "spec.template.spec");
        let volumes = list(pod, "volumes");
        for volume in &volumes {
            let config = at(volume, "configMap.name").as_str();
            let secret = at(volume, "secret.secretName").as_str();
            assert!(config.is_none_or(|name| names("ConfigMap").contains(&name.to_owned())));
            assert!(secret.is_none_or(|name| names("Secret").contains(&name.to_owned())));
        }
        for mount in list(pod, "containers.0.volumeMounts") {
            assert!(volumes.iter().any(|volume| volume["name"] == mount["name"]), "{mount:?}");
        }
        let word = string(pod, "containers.0.args.0");
        assert!(["serve", "work", "migrate"].contains(&word.as_str()), "{word}");
    }
}

#[test]
fn budgets_services_and_scalers_find_their_deployments() {
    let deployments = of_kind("Deployment");
    let finds = |selector: &Value| {
        let selected = |deployment: &&Value| at(deployment, "spec.template.metadata.labels") == selector;
        deployments.iter().filter(selected).count()
    };
    for budget in of_kind("PodDisruptionBudget") {
        assert_eq!(finds(at(&budget, "spec.selector.matchLabels")), 1, "{budget:?}");
    }
    assert_eq!(of_kind("PodDisruptionBudget").len(), 2);
    for service in of_kind("Service") {
        assert_eq!(finds(at(&service, "spec.selector")), 1, "{service:?}");
    }
    for scaler in of_kind("HorizontalPodAutoscaler") {
        assert!(names("Deployment").contains(&string(&scaler, "spec.scaleTargetRef.name")), "{scaler:?}");
    }
    let adapter = documents("kubernetes/prometheus-adapter.yaml").remove(0);
    let metric = string(&adapter, "rules.external.0.name.as");
    let asked = of_kind("HorizontalPodAutoscaler");
    let asked = asked.iter().find(|scaler| scaler["metadata"]["name"] == "backlot-work").expect("workers are scaled");
    assert_eq!(string(asked, "spec.metrics.0.external.metric.name"), metric);
}
