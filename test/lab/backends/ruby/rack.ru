# Plain Rack: Rack::Request#params, in which a form's fields go over those of
# the query; JSON where the type says so.

require 'json'
require 'rack'
require 'rack/auth/basic'
require 'tempfile'
require_relative 'report'

answer = lambda do |env, handler, *fields|
  [Report.write('rack', env, handler, *fields),
   { 'Content-Type' => 'text/plain', 'X-Lab-Handler' => handler }, [handler + "\n"]]
end

use Rack::MethodOverride
run(lambda do |env|
  request = Rack::Request.new(env)
  if request.path_info == '/account/basic'
    auth = Rack::Auth::Basic::Request.new(env)
    next answer.call(env, 'login', *(auth.credentials if auth.provided? && auth.basic?))
  end
  next answer.call(env, 'other') unless request.path_info == '/account/login'

  begin
    data = request.params
    data = JSON.parse(request.body.read) if request.media_type == 'application/json'
    data = {} unless data.is_a?(Hash)
  rescue StandardError
    answer.call(env, 'error')
    next [400, { 'Content-Type' => 'text/plain' }, ["error\n"]]
  end
  answer.call(env, 'login', data['user'], data['pass'])
end)
