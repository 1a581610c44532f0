"""Runs what the manifests say: takes settings, mounts, ports, probes and times out of the Kubernetes, Compose, systemd and
Docker files, starts the real binary with them (places alone changed), and asks what they would ask.

usage: manifests.py SEALGATE kubernetes RENDERED.yaml | compose RENDERED.json | systemd
"""

import base64
import json
import os
import pathlib
import re
import shlex
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
SEALGATE = str(pathlib.Path(sys.argv[1]).resolve())
ENOUGH = 120  # seconds that nothing here may take
UNVERIFIED = ssl.create_default_context()
UNVERIFIED.check_hostname, UNVERIFIED.verify_mode = False, ssl.CERT_NONE
CREDENTIAL = (ROOT / "examples/sound/lt-qualified.jsonld").read_bytes()


def check(holds, what):
    if not holds:
        sys.exit(f"FAILED: {what}")
    print(f"  {what}")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def certificate(folder):
    cert, key = folder / "made.crt", folder / "made.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert],
        check=True, capture_output=True)
    return cert.read_text(), key.read_text()


def new_key():
    key, line = subprocess.check_output([SEALGATE, "keys", "new"], text=True).splitlines()
    return key, re.search(r"sha256:[0-9a-f]{64}", line).group()


def clients(line):
    return f'[[client]]\nid = "first"\nkeys = [{{ hash = "{line}" }}]\n'


def ask(url, key=None, body=None):
    request = urllib.request.Request(url, data=body)
    if key:
        request.add_header("Authorization", f"Bearer {key}")
    try:
        with urllib.request.urlopen(request, timeout=30, context=UNVERIFIED) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError as error:
        return 0, str(error).encode()


def until(holds, process, what):
    end = time.monotonic() + ENOUGH
    while not holds():
        if process.poll() is not None:
            sys.exit(f"FAILED: {what}: the process ended with {process.returncode}\n{process.log.read_text()}")
        if time.monotonic() > end:
            process.kill()
            sys.exit(f"FAILED: waited in vain: {what}\n{process.log.read_text()}")
        time.sleep(0.05)
    print(f"  {what}")


class Place:
    """A container's file system, below a folder: what the manifest mounts, and nothing else that is named in it."""

    def __init__(self, folder):
        self.folder, self.moved, self.port = folder, {}, free_port()

    def mount(self, path, files=None, text=None):
        at = self.folder / path.lstrip("/")
        if text is not None:
            at.parent.mkdir(parents=True, exist_ok=True)
            at.write_text(text)
        else:
            at.mkdir(parents=True, exist_ok=True)
            for name, content in (files or {}).items():
                (at / name).write_text(content)
        self.moved[path] = str(at)

    def here(self, text):
        for path in sorted(self.moved, key=len, reverse=True):
            text = re.sub(rf"(?<![\w/]){re.escape(path)}(?![\w.-])", self.moved[path], text)
        return re.sub(r"(?<=:)8443\b", str(self.port), text)

    def settle(self):
        """Places within the mounted files are moved, too."""
        for at in map(pathlib.Path, self.moved.values()):
            for file in [at] if at.is_file() else [f for f in at.iterdir() if f.is_file()]:
                if file.suffix == ".toml":
                    file.write_text(self.here(file.read_text()))

    def start(self, arguments, variables, program=(SEALGATE,), **more):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SEALGATE_")}
        environment |= {name: self.here(value) for name, value in variables.items()}
        # Nothing is asked of the network: the demonstration's lists stand in for the EU's.
        environment |= {"SEALGATE_TRUST_DOMAIN": str(ROOT / "trust-lists/demo.toml"), "SEALGATE_OFFLINE": "true"}
        log = self.folder / "log"
        process = subprocess.Popen(
            [*program, *map(self.here, arguments)], env=environment, cwd="/", stderr=log.open("w"), **more)
        process.log = log
        return process


def works(url, key):
    check(ask(f"{url}/v1/verify", body=CREDENTIAL)[0] == 401, "without a key 401")
    status, answer = ask(f"{url}/v1/verify?at=2026-11-22T00:00:00Z", key, CREDENTIAL)
    check((status, json.loads(answer)["verdict"]) == (200, "passed"), "with a key a verdict")
    status, answer = ask(f"{url}/metrics", key)
    check(status == 200 and b"sealgate_queue_depth " in answer, "metrics, with the depth of the queue")


def ends(process, seconds):
    process.terminate()
    check(process.wait(seconds) == 0, f"SIGTERM: exit code 0, within {seconds} s")


def seconds(text):
    parts = re.findall(r"(\d+)(ms|min|s|m|h)?", str(text))
    return sum(int(n) * {"ms": 0.001, "min": 60, "m": 60, "h": 3600}.get(unit, 1) for n, unit in parts)


def drain(settings):
    """Seconds between SIGTERM and the end at most."""
    limits = settings.get("limits", {})
    return limits.get("drain_seconds", 0) + limits.get("shutdown_seconds", 60)


def dockerfile():
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    said = lambda word: [line[len(word):].strip() for line in text.splitlines() if line.startswith(word + " ")]
    env = dict(pair.split("=", 1) for line in said("ENV") for pair in shlex.split(line))
    entry, command = json.loads(said("ENTRYPOINT")[-1]), json.loads(said("CMD")[-1])
    health = json.loads(said("HEALTHCHECK")[-1].split("CMD", 1)[1])
    return {"env": env, "entry": entry, "command": command, "health": health, "user": said("USER")[-1]}


def healthy(place, command, process):
    image = dockerfile()
    check(command[:1] == image["entry"], f"the health check runs the image's program: {shlex.join(command)}")
    run = [SEALGATE, *map(place.here, command[1:])]
    until(lambda: subprocess.run(run, capture_output=True, timeout=ENOUGH).returncode == 0, process, "the health check says ready")
    return lambda: subprocess.run(run, capture_output=True, timeout=ENOUGH).returncode


def compose(rendered):
    document = json.loads(pathlib.Path(rendered).read_text())
    service, image = document["services"]["sealgate"], dockerfile()
    print("Dockerfile: as it is, without configuration")
    with tempfile.TemporaryDirectory() as temporary:
        place = Place(pathlib.Path(temporary))
        process = place.start(image["command"], image["env"])
        check(process.wait(ENOUGH) == 64, "without a mounted configuration nothing is served: exit code 64")
        check("sealgate.toml" in process.log.read_text(), "and the file is named")
    check(re.fullmatch(r"[1-9]\d*:[1-9]\d*", image["user"]), "the image's user is a number, and not root")
    print("compose.yaml")
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        place, (key, line) = Place(folder), new_key()
        cert, private = certificate(folder)
        contents = {"certificate.pem": cert, "key.pem": private, "clients.toml": clients(line)}
        for secret in service["secrets"]:
            name = secret["source"]
            place.mount(secret.get("target") or f"/run/secrets/{name}", text=contents[name])
        for config in service["configs"]:
            text = pathlib.Path(document["configs"][config["source"]]["file"]).read_text()
            place.mount(config["target"], text=text)
            settings = tomllib.loads(text)
        for volume in service["volumes"]:
            place.mount(volume["target"])
        place.settle()
        process = place.start(service.get("command") or image["command"], image["env"] | service["environment"])
        test = service["healthcheck"]["test"]
        check(test[0] == "CMD", "the health check needs no shell")
        again = healthy(place, test[1:], process)
        check(service["ports"][0]["target"] == 8443, "the port that is published is listened at")
        works(f"https://127.0.0.1:{place.port}", key)
        grace = seconds(service["stop_grace_period"])
        check(grace > drain(settings), f"{grace} s to stop are more than {drain(settings)} s to drain")
        ends(process, grace)
        check(again() == 1, "the health check says that it is gone")
        check(image["health"] == test[1:], "the image's health check is the same")


def kubernetes(rendered):
    import yaml

    documents = [d for d in yaml.safe_load_all(pathlib.Path(rendered).read_text()) if d]
    of = {(d["kind"], d["metadata"]["name"]): d for d in documents}
    kind = lambda wanted: next(d for d in documents if d["kind"] == wanted)
    deployment = kind("Deployment")
    pod = deployment["spec"]["template"]["spec"]
    container = pod["containers"][0]
    image = dockerfile()

    labels = deployment["spec"]["template"]["metadata"]["labels"]
    chosen = lambda selector: bool(selector) and selector.items() <= labels.items()
    check(chosen(deployment["spec"]["selector"]["matchLabels"]), "the Deployment selects its pods")
    check(chosen(kind("Service")["spec"]["selector"]), "the Service selects them")
    check(chosen(kind("NetworkPolicy")["spec"]["podSelector"]["matchLabels"]), "the NetworkPolicy selects them")
    check(chosen(kind("PodDisruptionBudget")["spec"]["selector"]["matchLabels"]), "the PodDisruptionBudget, too")
    scaler = kind("HorizontalPodAutoscaler")["spec"]
    target = scaler["scaleTargetRef"]
    check((target["kind"], target["name"]) == ("Deployment", deployment["metadata"]["name"]), "the HPA's target is there")
    check("replicas" not in deployment["spec"], "the number of pods is the HPA's alone")
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    check(kind("Service")["spec"]["ports"][0]["targetPort"] in ports, "the Service's port is the container's")
    allowed = kind("NetworkPolicy")["spec"]["ingress"][0]["ports"]
    check(all(port["port"] in ports for port in allowed), "and so is the one that the NetworkPolicy opens")
    check(str(pod["securityContext"]["runAsUser"]) == image["user"].split(":")[0], "the pod's user is the image's")
    mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
    writable = [path for path, mount in mounts.items() if not mount.get("readOnly")]
    check(writable == [image["env"]["SEALGATE_CACHE"]], "only the folder of the lists can be written")

    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        place, (key, line) = Place(folder), new_key()
        cert, private = certificate(folder)
        volumes = {volume["name"]: volume for volume in pod["volumes"]}

        def files(volume):
            if "configMap" in volume:
                return of["ConfigMap", volume["configMap"]["name"]]["data"]
            if "emptyDir" in volume or "persistentVolumeClaim" in volume:
                return {}
            name = volume["secret"]["secretName"]
            if name == "sealgate-tls":
                return {"tls.crt": cert, "tls.key": private}
            secret = of["Secret", name]
            decoded = {k: base64.b64decode(v).decode() for k, v in secret.get("data", {}).items()}
            return decoded | secret.get("stringData", {})

        for path, mount in mounts.items():
            content = files(volumes[mount["name"]])
            if "subPath" in mount:
                place.mount(path, text=content[mount["subPath"]])
            else:
                place.mount(path, content)
        place.settle()
        settings = tomllib.loads(next(f for f in folder.rglob("sealgate.toml")).read_text())
        variables = image["env"] | {entry["name"]: entry["value"] for entry in container["env"]}
        process = place.start(container["args"], variables)
        url = f"https://127.0.0.1:{place.port}"
        for name in ["startupProbe", "livenessProbe", "readinessProbe"]:
            get = container[name]["httpGet"]
            check(ports[get["port"]] == 8443 and get["scheme"] == "HTTPS", f"{name} asks the port, with TLS")
            until(lambda: 200 <= ask(url + get["path"])[0] < 400, process, f"{name}: {get['path']} succeeds")
        check(ask(f"{url}/v1/verify", key, CREDENTIAL)[0] == 401, "the placeholder of the Secret lets nobody in")
        secret = next(folder.rglob("clients.toml"))
        secret.write_text(re.sub(r"sha256:[0-9a-f]{64}", line, secret.read_text()))
        process.send_signal(signal.SIGHUP)
        until(lambda: ask(f"{url}/v1/trust", key)[0] == 200, process, "a hash put into the Secret does, after SIGHUP")
        works(url, key)
        metric = scaler["metrics"][0]["pods"]["metric"]["name"]
        check(f"\n{metric} ".encode() in ask(f"{url}/metrics", key)[1], f"the HPA's metric {metric} is there")
        pause = container["lifecycle"]["preStop"]["sleep"]["seconds"]
        grace, most = pod["terminationGracePeriodSeconds"], drain(settings)
        check(grace > pause + most, f"{grace} s to terminate are more than {pause} s before and {most} s to drain")
        budget = settings["limits"]["body_memory"] * 1.5
        limit = int(container["resources"]["limits"]["memory"].removesuffix("Gi")) * 2**30
        check(limit > budget + 256 * 2**20, "the limit of memory leaves room beside what bodies may hold")
        ends(process, grace - pause)


def kept(rendered):
    """With the component for lists that outlive pods: all of the above, and one claim that every pod may write."""
    import yaml

    kubernetes(rendered)
    documents = [d for d in yaml.safe_load_all(pathlib.Path(rendered).read_text()) if d]
    claim = next(d for d in documents if d["kind"] == "PersistentVolumeClaim")
    pod = next(d for d in documents if d["kind"] == "Deployment")["spec"]["template"]["spec"]
    lists = next(volume for volume in pod["volumes"] if volume["name"] == "lists")
    check(lists == {"name": "lists", "persistentVolumeClaim": {"claimName": claim["metadata"]["name"]}}, "the lists are on the claim alone")
    check(claim["spec"]["accessModes"] == ["ReadWriteMany"], "which pods on several nodes may write")
    check(claim["metadata"]["namespace"] == "sealgate", "in their namespace")


def unit(path):
    """The settings of a unit file, each with all its values."""
    said = {}
    for line in (ROOT / path).read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            name, value = line.split("=", 1)
            said.setdefault(name, []).append(value)
    return said


def systemd():
    service, activated = unit("deploy/systemd/sealgate.service"), unit("deploy/systemd/sealgate.socket")
    variables = dict(pair.split("=", 1) for pair in service["Environment"])
    start = shlex.split(service["ExecStart"][0])
    text = (ROOT / "deploy/systemd/sealgate.toml").read_text()
    stop = seconds(service["TimeoutStopSec"][0])
    check(stop > drain(tomllib.loads(text)), f"TimeoutStopSec, {stop} s, is more than the time to drain")
    wrong = [SEALGATE, "serve", "--config", "/nowhere.toml"]
    code = subprocess.run(wrong, capture_output=True, timeout=ENOUGH).returncode
    check(str(code) in service["RestartPreventExitStatus"][0].split(), "wrong usage is not started again and again")
    for passed in [False, True]:
        print("sealgate.service" + (" with sealgate.socket" if passed else ""))
        with tempfile.TemporaryDirectory() as temporary:
            folder = pathlib.Path(temporary)
            place, (key, line) = Place(folder), new_key()
            cert, private = certificate(folder)
            name = activated["FileDescriptorName"][0]
            said = text.replace('"0.0.0.0:8443"', f'"systemd:{name}"') if passed else text
            contents = {"sealgate.toml": said, "clients.toml": clients(line), "certificate.pem": cert, "key.pem": private}
            place.mount("/etc/sealgate", contents)
            place.mount("/run/" + service["RuntimeDirectory"][0])
            place.mount("/var/lib/" + service["StateDirectory"][0])
            place.settle()
            manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            manager.bind(str(folder / "notify"))
            manager.settimeout(ENOUGH)
            told = lambda: manager.recv(4096).decode().split("\n")
            own = dict(variables, NOTIFY_SOCKET=str(folder / "notify"))
            more = {}
            if passed:
                listener = socket.create_server(("127.0.0.1", place.port))
                own |= {"LISTEN_FDS": "1", "LISTEN_FDNAMES": name}

                # LISTEN_PID is the process's own number: a shell tells itself, and becomes the program.
                become = ["/bin/sh", "-c", 'LISTEN_PID=$$ exec "$0" "$@"', SEALGATE]
                more = {"program": become, "pass_fds": [3], "preexec_fn": lambda: os.dup2(listener.fileno(), 3)}
            process = place.start(start[1:], own, **more)
            check("READY=1" in told(), "it tells that it is ready")
            works(f"https://127.0.0.1:{place.port}", key)
            sock = folder / "run/sealgate/sealgate.sock"
            run = subprocess.run([SEALGATE, "health", "--socket", str(sock)], capture_output=True, timeout=ENOUGH)
            check(run.returncode == 0, "its Unix socket answers")
            command = service["ExecReload"][0].replace("$MAINPID", str(process.pid))
            subprocess.run(shlex.split(command), check=True)
            heard = told()
            check("RELOADING=1" in heard, "ExecReload: it tells that it reloads")
            check("READY=1" in told(), "and that it has")
            process.terminate()
            check("STOPPING=1" in told(), "it tells that it stops")
            check(process.wait(stop) == 0, "SIGTERM: exit code 0")


if __name__ == "__main__":
    {"kubernetes": kubernetes, "kept": kept, "compose": compose, "systemd": systemd}[sys.argv[2]](*sys.argv[3:])
