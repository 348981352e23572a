package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// apps starts every app on its port.
func (f *Farm) apps() error {
	backends := filepath.Join(f.Here, "backends")
	port := func(name string) string { return fmt.Sprint(f.named(name)) }
	at := func(name string) string { return "127.0.0.1:" + port(name) }
	steps := []func() error{
		f.php, f.tomcat,
		func() error {
			command := []string{"node", "node/main.js"}
			for _, name := range []string{"express4", "express5", "fastify", "koa", "graphql"} {
				command = append(command, name+"="+port(name))
			}
			return f.run("node", backends, []string{"NODE_PATH=" + f.Modules, "NODE_ENV=production"}, command...)
		},
		func() error { return f.run("go", f.Work, []string{"LAB_PORT=" + port("go")}, f.GoApp) },
	}
	for _, name := range []string{"flask", "django"} {
		steps = append(steps, func() error {
			return f.run(name, filepath.Join(backends, "python"), []string{"PYTHONDONTWRITEBYTECODE=1"},
				"/usr/bin/python3", "-m", "gunicorn", "--bind", at(name), "--threads", "4", "--log-level", "error",
				"--worker-tmp-dir", f.Work, name+"_app:app")
		})
	}
	for _, name := range []string{"rack", "sinatra"} {
		steps = append(steps, func() error {
			return f.run(name, filepath.Join(backends, "ruby"), []string{"RACK_ENV=production"},
				"/usr/bin/puma", "--bind", "tcp://"+at(name), "--threads", "1:4", "--quiet", name+".ru")
		})
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// php starts PHP's own server for each router, and php-fpm behind nginx.
func (f *Farm) php() error {
	root := filepath.Join(f.Here, "backends/php")
	for _, router := range []string{"trim", "query", "pathinfo"} {
		name := "php-" + router
		args := []string{"php", "-d", "post_max_size=8M", "-S", fmt.Sprintf("127.0.0.1:%d", f.named(name)), "-t", root}
		if router != "pathinfo" {
			args = append(args, filepath.Join(root, "index.php"))
		}
		if err := f.run(name, root, []string{"LAB_ROUTER=" + router, "LAB_NAME=" + name}, args...); err != nil {
			return err
		}
	}
	found, err := filepath.Glob("/usr/sbin/php-fpm*")
	if err != nil || len(found) == 0 {
		return fmt.Errorf("there is no php-fpm in /usr/sbin")
	}
	sort.Strings(found)
	args := []string{found[len(found)-1], "--fpm-config", filepath.Join(f.Work, "php-fpm.conf")}
	if os.Getuid() == 0 {
		args = append(args, "--allow-to-run-as-root")
	}
	if err := f.fill("php/php-fpm.conf", filepath.Join(f.Work, "php-fpm.conf")); err != nil {
		return err
	}
	if err := f.run("php-fpm", f.Work, nil, args...); err != nil {
		return err
	}
	conf := filepath.Join(f.Work, "nginx.conf")
	if err := f.fill("php/nginx.conf", conf); err != nil {
		return err
	}
	return f.run("nginx", f.Work, nil, "/usr/sbin/nginx", "-p", f.Work, "-c", conf, "-e", "stderr")
}

// tomcat starts Tomcat in a base folder of its own.
func (f *Farm) tomcat() error {
	base := filepath.Join(f.Work, "tomcat")
	root := filepath.Join(base, "webapps/ROOT")
	for from, to := range map[string]string{
		"server.xml": filepath.Join(base, "conf/server.xml"), "web.xml": filepath.Join(root, "WEB-INF/web.xml"),
		"login.jsp": filepath.Join(root, "login.jsp"), "basic.jsp": filepath.Join(root, "basic.jsp"),
		"other.jsp":   filepath.Join(root, "other.jsp"),
		"report.jspf": filepath.Join(root, "report.jspf"),
	} {
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return err
		}
		if err := f.fill("tomcat/"+from, to); err != nil {
			return err
		}
	}
	const home = "/usr/share/tomcat10"
	jars := []string{home + "/bin/bootstrap.jar"}
	for _, name := range []string{"tomcat10-juli", "eclipse-jdt-core", "jackson-core", "jackson-annotations", "jackson-databind"} {
		jars = append(jars, "/usr/share/java/"+name+".jar")
	}
	return f.run("tomcat", base, nil, "java", "-Xmx128m", "-XX:TieredStopAtLevel=1", "-cp", strings.Join(jars, ":"),
		"-Dcatalina.home="+home, "-Dcatalina.base="+base, "-Djava.io.tmpdir="+f.Work,
		"org.apache.catalina.startup.Bootstrap", "start")
}
